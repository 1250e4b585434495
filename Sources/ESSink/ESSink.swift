// ESSink
