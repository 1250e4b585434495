/// Every command, in the order of `--help`.
let allCommands: [Command] = [
  ConnectCommand.command
]
