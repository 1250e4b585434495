/// Every command, in the order of `--help`.
let allCommands: [Command] = [
  StageCommands.enrich,
  StageCommands.connect,
  StageCommands.run,
  SearchCommand.command,
  DeadLetterCommands.list,
  DeadLetterCommands.show,
]
