import type { Command } from 'commander';

/** Every command's own help as Markdown, for the page about the command line. */
export function helpPage(program: Command): string {
  const pages = [program, ...program.commands.filter((command) => command.name() !== 'complete')].map((command) => {
    command.configureHelp({ helpWidth: 112, showGlobalOptions: false });
    const name = command === program ? program.name() : `${program.name()} ${command.name()}`;
    return `## ${name}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\`\n`;
  });
  return pages.join('\n');
}

/** With what is written behind the options, which `helpInformation` leaves out. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => (text += part),
    getOutHelpWidth: () => 112,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text.trimEnd();
}
