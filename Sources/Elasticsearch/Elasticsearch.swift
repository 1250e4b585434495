// Elasticsearch
