// What the steps of "Create" hand on: the chosen project and product, by id.
import { store } from "./store.ts";
import { T } from "./texts.ts";

export type Flow = { projectId: string; productId: string; productName: string };
const EMPTY: Flow = { projectId: "", productId: "", productName: "" };

export const flow = store<Flow>(EMPTY, "flow");

export const STEPS = ["project", "product", "understanding", "options", "results"] as const;
export type Step = (typeof STEPS)[number];

export function chooseProject(projectId: string): void {
  if (flow.get().projectId !== projectId) flow.set({ ...EMPTY, projectId });
}

export function chooseProduct(projectId: string, productId: string, productName: string): void {
  flow.set({ projectId, productId, productName });
}

/** Whether a step can be opened: each needs what the ones before it have chosen. */
export function isOpen(step: Step, chosen: Flow): boolean {
  if (step === "project" || step === "results") return true;
  return step === "product" ? chosen.projectId !== "" : chosen.productId !== "";
}

export const stepName = (step: Step): string => T.steps[step];
