/** `output.secrets`: whether Secrets that templates render are refused, encrypted, or written in clear. */
export type SecretsPolicy = "refuse" | "sops" | "plain";
