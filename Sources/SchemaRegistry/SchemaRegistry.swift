// SchemaRegistry
