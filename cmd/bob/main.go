// Program bob takes a job, plans it as a tree, runs the tree and hands back one
// finished result.
package main

func main() {}
