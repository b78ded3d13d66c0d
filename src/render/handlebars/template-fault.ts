/** Why a Handlebars template can't be compiled, or an execution of it ended. */

export interface FaultDetails {
  /** It would use more than an execution may. */
  readonly isBound?: boolean;
  readonly hint?: string;
}

export class TemplateFault extends Error {
  /** Offset in the template's text, in UTF-16 units. */
  readonly at: number;
  readonly isBound: boolean;
  readonly hint: string | undefined;

  constructor(message: string, at: number, { isBound = false, hint }: FaultDetails = {}) {
    super(message);
    this.name = "TemplateFault";
    this.at = at;
    this.isBound = isBound;
    this.hint = hint;
  }
}
