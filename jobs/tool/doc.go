// Package tool is what a task can do beside thinking: look into the job's files,
// ask their tables by SQL, compute, tell the time, and make charts, slides and
// documents. It also looks into attachments before their job is accepted.
//
// Models hand over checked specs and SQL, never code to run. The package knows
// file formats and their traps. It does not know jobs' rules, prompts, models,
// or where files are stored.
package tool
