// Package jobs says what a job is: a tree of nodes, the states they pass through,
// the rules that move them, and the interfaces through which the tree is stored,
// delivered, worked on and watched.
//
// A job is what a person asked for: a root node and its tree. A node is a branch
// (root, plan, subplan: it has children) or a leaf (task: a model with tools, in
// several turns; api_call: one plain model call). The rows of the nodes are the
// truth; a Dispatcher only says that a node may run now, perhaps twice or late.
//
// The package knows llm's types. It does not know SQL, platforms, prompts or
// vendors of models.
package jobs
