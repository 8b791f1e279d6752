import type { Command } from 'commander';

/** Every command's own help as Markdown, for the page about the command line. */
export function helpPage(program: Command): string {
  return pagesOf(program, program.name()).join('\n');
}

function pagesOf(command: Command, name: string): string[] {
  command.configureHelp({ helpWidth: 112, showGlobalOptions: false });
  const page = `## ${name}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\`\n`;
  const others = command.commands.filter((one) => one.name() !== 'complete');
  return [page, ...others.flatMap((one) => pagesOf(one, `${name} ${one.name()}`))];
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
