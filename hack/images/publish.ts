import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_HOME, homeAt } from '../embedded/home.ts';
import { DEFAULT_PORTS } from '../embedded/services.ts';
import { buildDisk, type GuestImage, IMAGES, imageNamed } from './catalog.ts';
import { push } from './push.ts';

/** Builds a guest image unless it is cached, and pushes it as `<registry>/<name>:latest`. */
export async function publish(
  image: GuestImage,
  options: { readonly directory: string; readonly registry: string; readonly say: (line: string) => void },
): Promise<{ readonly reference: string; readonly digest: string; readonly built: boolean; readonly pushed: boolean }> {
  const disk = await buildDisk(image, options.directory, options.say);
  const reference = `${options.registry}/${image.name}:latest`;
  const { digest, layerExisted } = await push(disk.path, reference);
  return { reference, digest, built: !disk.cached, pushed: !layerExisted };
}

async function main(args: readonly string[]): Promise<void> {
  if (args.length === 0 || args.some((name) => name.startsWith('-'))) {
    const list = IMAGES.map((image) => `  ${image.name.padEnd(14)}${image.about}`).join('\n');
    process.stdout.write(`Usage: hack/images/publish NAME …\n\n${list}\n`);
    process.exitCode = args.includes('--help') ? 0 : 2;
    return;
  }
  const images = args.map(imageNamed);
  const home = homeAt(process.env.TORPOR_HOME ?? DEFAULT_HOME);
  const registry = process.env.TORPOR_REGISTRY ?? `localhost:${DEFAULT_PORTS.registry}`;
  for (const image of images) {
    const done = await publish(image, { directory: home.images, registry, say: console.log });
    console.log(
      `${done.reference} ${done.digest} ${done.built ? 'built' : 'cached'}, ${done.pushed ? 'pushed' : 'already there'}`,
    );
  }
}

if (process.argv[1] !== undefined && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main(process.argv.slice(2)).catch((error: unknown) => {
    console.error(`hack/images/publish: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  });
}
