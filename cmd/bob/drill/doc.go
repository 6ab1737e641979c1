// Package drill hurts Bob on purpose and counts what came of it: a process of its
// own runs jobs on a temporary database and is killed, lied to, starved and shaken,
// and afterwards the rows are recounted by SQL that shares nothing with the code
// that wrote them. It knows the tables, the engine's parts and the OpenAI format; it
// knows no rule of theirs but how a parent is judged by its children.
package drill
