/// Every command, in the order of `--help`.
let commandGroups: [CommandGroup] = [
  CommandGroup(title: "Begin", commands: [DemoCommand.command, DevCommand.command]),
  CommandGroup(
    title: "The pipeline",
    commands: [
      ApplyCommand.command, IngestCommands.file, IngestCommands.generate, StageCommands.enrich,
      StageCommands.connect, StageCommands.run,
    ]),
  CommandGroup(
    title: "Look",
    commands: [
      SearchCommand.command, StatsCommand.command, TailCommand.command, ExportCommand.command,
    ]),
  CommandGroup(
    title: "Operate",
    commands: [
      StatusCommand.command, DoctorCommand.command, VerifyCommand.command, DeadLetterCommands.list,
      DeadLetterCommands.show, DeadLetterReplay.command,
    ]),
  CommandGroup(
    title: "Schemas",
    commands: [
      SchemaCommands.register, SchemaCommands.list, SchemaCommands.get,
      SchemaAdminCommands.versions, SchemaCheckCommand.command, SchemaReviewCommands.diff,
      SchemaReviewCommands.lint, SchemaReviewCommands.evolve, SchemaAdminCommands.config,
      SchemaAdminCommands.mode,
      SchemaAdminCommands.delete, SchemaTransferCommands.export, SchemaTransferCommands.load,
      SchemaSearchCommand.command, SchemaValueCommands.decode, SchemaValueCommands.encode,
      RegistryCommand.serve,
    ]),
  CommandGroup(
    title: "The model",
    commands: [ModelCommands.score, ModelCommands.eval, ModelCommands.train]),
  CommandGroup(
    title: "The tool itself",
    commands: [ConfigCommand.command, ReferenceCommands.completions, ReferenceCommands.docs]),
]

let allCommands: [Command] = commandGroups.flatMap(\.commands)
