/// Every command, in the order of `--help`.
let allCommands: [Command] = [
  IngestCommands.file,
  IngestCommands.generate,
  ConnectCommand.command,
  SearchCommand.command,
  DeadLetterCommands.list,
  DeadLetterCommands.show,
]
