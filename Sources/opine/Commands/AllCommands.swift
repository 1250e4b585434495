/// Every command, in the order of `--help`.
let allCommands: [Command] = [
  ConnectCommand.command,
  SearchCommand.command,
  DeadLetterCommands.list,
  DeadLetterCommands.show,
  ApplyCommand.command,
  RegistryCommand.serve,
  VerifyCommand.command,
  SchemaCommands.register,
  SchemaCommands.list,
  SchemaCommands.get,
  ModelCommands.score,
  ModelCommands.eval,
  ModelCommands.train,
  StatusCommand.command,
]
