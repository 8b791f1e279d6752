'use client';
import { Braces, Download, FileImage, Image } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { saveJson, savePng, saveSvg } from '../live/exporting.ts';

/** What can be taken along; the menu of the map and the command palette offer the same. */
export const EXPORTS = [
  { id: 'export-svg', label: 'Picture as SVG', words: 'export download vector drawing', icon: FileImage, run: saveSvg },
  { id: 'export-png', label: 'Picture as PNG', words: 'export download image screenshot', icon: Image, run: savePng },
  { id: 'export-json', label: 'Its facts as JSON', words: 'export download data figures', icon: Braces, run: saveJson },
] as const;

/** Stands among the controls of the map, in their size. */
export function ExportMenu() {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger
        aria-label="Take this view along"
        title="Take this view along"
        data-testid="export"
        className="touchable grid size-8 place-items-center text-soft transition-colors duration-150 hover:bg-hover hover:text-text data-[state=open]:bg-hover"
      >
        <Download className="size-3.5" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          side="left"
          align="end"
          sideOffset={8}
          className="rising z-50 min-w-48 rounded-card border border-line bg-raised p-1 shadow-cast"
        >
          {EXPORTS.map(({ id, label, icon: Sign, run }) => (
            <DropdownMenu.Item
              key={id}
              data-testid={id}
              onSelect={run}
              className="flex h-8 cursor-pointer items-center gap-2.5 rounded-control px-2.5 outline-none data-[highlighted]:bg-hover"
            >
              <Sign className="size-4 text-soft" aria-hidden="true" />
              {label}
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
