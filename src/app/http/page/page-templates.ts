/** The page's templates, compiled by Handlebars: whatever they print is escaped. */
import Handlebars from "handlebars";
import { readTemplateFile } from "../../project-files.ts";
import type { EntityView, SearchView } from "./entity-view.ts";
import type { OverviewView } from "./page-view.ts";

/** The parts of the overview that are kept up to date, each by the id of its element. */
const sections = ["status", "notices", "figures", "streams", "outcomes", "triggers", "clusters"] as const;
const partials = ["head", "foot", "search-form", ...sections];

/** What every page shows in its head. */
export interface PageHead {
  readonly title: string;
  readonly query?: string;
  /** Whether it is kept up to date. */
  readonly isLive?: true;
}

export interface PageTemplates {
  overview(head: PageHead, view: OverviewView): string;
  /** By id, the HTML of each part that is kept up to date. */
  sections(view: OverviewView): Readonly<Record<string, string>>;
  search(head: PageHead, view: SearchView): string;
  entity(head: PageHead, view: EntityView): string;
  message(head: PageHead, text: string): string;
  readonly style: string;
  readonly script: string;
}

export function compilePageTemplates(): PageTemplates {
  const handlebars = Handlebars.create();
  // No helper is looked up by a name that data may bring, and a member that is not there is a fault of the template.
  const options = { knownHelpersOnly: true };
  const compile = (name: string) => handlebars.compile(readTemplateFile(`page/${name}.hbs`), options);
  const compiled = new Map(partials.map((name) => [name, compile(name)] as const));
  for (const [name, template] of compiled) handlebars.registerPartial(name, template);
  const [overview, search, entity, message] = ["overview", "search", "entity", "message"].map(compile);
  return {
    overview: (head, view) => overview!({ ...head, ...view }),
    sections: (view) => Object.fromEntries(sections.map((name) => [name, compiled.get(name)!(view)])),
    search: (head, view) => search!({ ...head, ...view }),
    entity: (head, view) => entity!({ ...head, ...view }),
    message: (head, text) => message!({ ...head, text }),
    style: readTemplateFile("page/page.css"),
    script: readTemplateFile("page/page.js"),
  };
}
