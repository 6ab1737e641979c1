// Program bob takes a job, plans it as a tree, runs the tree and hands back one
// finished result.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
)

func main() {
	o := benchOptions{}
	flag.BoolVar(&o.json, "json", false, "")
	flag.IntVar(&o.nodes, "nodes", 11111, "")
	flag.IntVar(&o.fanout, "fanout", 10, "")
	flag.IntVar(&o.workers, "workers", 256, "")
	flag.IntVar(&o.submits, "submits", 2000, "")
	flag.DurationVar(&o.leaf, "leaf", 0, "")
	flag.Parse()
	if err := bench(context.Background(), o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
