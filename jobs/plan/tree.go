package plan

import (
	"fmt"
	"slices"
	"strings"
)

// atTop is the parent of what hangs below the planned node itself.
const atTop = -1

// tree is a draft's nodes by their places. Where parents are unknown or go round in
// a circle, depth is 0 and the node hangs nowhere.
type tree struct {
	nodes    []DraftNode
	index    map[string]int // by key, the first that has it
	parent   []int          // atTop, or an index
	children map[int][]int  // in the order of the draft; under atTop the top level
	depth    []int          // from 1
}

func newTree(nodes []DraftNode) *tree {
	t := &tree{
		nodes: nodes, index: map[string]int{}, parent: make([]int, len(nodes)),
		children: map[int][]int{}, depth: make([]int, len(nodes)),
	}
	for i, n := range nodes {
		if _, taken := t.index[n.Key]; !taken && n.Key != "" {
			t.index[n.Key] = i
		}
	}
	for i, n := range nodes {
		parent, known := t.index[n.Parent]
		switch {
		case n.Parent == "":
			parent = atTop
		case !known:
			parent = i // a circle of one: it hangs nowhere
		}
		t.parent[i] = parent
		if parent != i {
			t.children[parent] = append(t.children[parent], i)
		}
	}
	t.measure(atTop, 0)
	return t
}

// measure sets the depth of all below a node. What it does not reach hangs nowhere.
func (t *tree) measure(node, depth int) {
	for _, child := range t.children[node] {
		t.depth[child] = depth + 1
		t.measure(child, depth+1)
	}
}

// chain returns the node at the end of a tree that never branches.
func (t *tree) chain() (end int, ok bool) {
	node, length := atTop, 0
	for len(t.children[node]) == 1 {
		node = t.children[node][0]
		length++
	}
	return node, length == len(t.nodes) && length > 0
}

// below reports whether a is somewhere under b.
func (t *tree) below(a, b int) bool {
	if t.depth[a] == 0 {
		return false
	}
	for a = t.parent[a]; a != atTop; a = t.parent[a] {
		if a == b {
			return true
		}
	}
	return false
}

// preorder lists the nodes, parents first and siblings in the draft's order.
func (t *tree) preorder() []int {
	var list []int
	var walk func(int)
	walk = func(node int) {
		for _, child := range t.children[node] {
			list = append(list, child)
			walk(child)
		}
	}
	walk(atTop)
	return list
}

// rings lists the circles that parents make, each once.
func (t *tree) rings() [][]int {
	var rings [][]int
	done := make([]bool, len(t.nodes))
	for i := range t.nodes {
		var way []int
		for n := i; n != atTop && !done[n]; n = t.parent[n] {
			done[n] = true
			way = append(way, n)
			if next := t.parent[n]; next != n && slices.Contains(way, next) {
				rings = append(rings, way[slices.Index(way, next):])
			}
		}
	}
	return rings
}

// Every node has two moments: its start and its end. moment numbers them.
func start(node int) int { return 2 * node }
func end(node int) int   { return 2*node + 1 }

// waits lists what every moment waits for: a start for the ends of what its node
// depends on and for the start of its branch, an end for the ends of all below.
// Dependencies that are wrong in themselves are left out: they have problems of
// their own.
func (t *tree) waits() [][]int {
	waits := make([][]int, 2*len(t.nodes))
	for i, n := range t.nodes {
		waits[end(i)] = append(waits[end(i)], start(i))
		if p := t.parent[i]; p != atTop && p != i {
			waits[start(i)] = append(waits[start(i)], start(p))
			waits[end(p)] = append(waits[end(p)], end(i))
		}
		for _, key := range n.DependsOn {
			on, known := t.index[key]
			if known && on != i && !t.below(i, on) && !t.below(on, i) {
				waits[start(i)] = append(waits[start(i)], end(on))
			}
		}
	}
	return waits
}

// maxCircles bounds what is said of circles: to break one often breaks others.
const maxCircles = 10

// deadlocks lists circles of nodes that wait for each other, and so would never
// start. It finds one at least if there is any, and not all of many.
func (t *tree) deadlocks() [][]int {
	const (
		fresh = iota
		open
		done
	)
	waits := t.waits()
	state := make([]int, len(waits))
	var way []int
	var circles [][]int
	var visit func(int)
	visit = func(moment int) {
		state[moment] = open
		way = append(way, moment)
		for _, next := range waits[moment] {
			switch state[next] {
			case fresh:
				visit(next)
			case open:
				if len(circles) == maxCircles {
					break
				}
				circles = append(circles, nodesOf(way[slices.Index(way, next):]))
			}
		}
		way = way[:len(way)-1]
		state[moment] = done
	}
	for moment := range waits {
		if state[moment] == fresh {
			visit(moment)
		}
	}
	return circles
}

// nodesOf turns a circle of moments into one of nodes, begun at the first of them.
func nodesOf(moments []int) []int {
	var nodes []int
	for _, m := range moments {
		if len(nodes) == 0 || nodes[len(nodes)-1] != m/2 {
			nodes = append(nodes, m/2)
		}
	}
	if len(nodes) > 1 && nodes[0] == nodes[len(nodes)-1] {
		nodes = nodes[1:]
	}
	first := slices.Index(nodes, slices.Min(nodes))
	return slices.Concat(nodes[first:], nodes[:first])
}

// name is how problems speak of a node.
func (t *tree) name(i int) string {
	if n := t.nodes[i]; n.Key != "" {
		return fmt.Sprintf("node %q", clip(n.Key, maxKey))
	}
	return fmt.Sprintf("node number %d", i+1)
}

// circle writes a circle of nodes for a model.
func (t *tree) circle(nodes []int) string {
	names := make([]string, 0, len(nodes)+1)
	for _, i := range append(slices.Clone(nodes), nodes[0]) {
		names = append(names, fmt.Sprintf("%q", clip(t.nodes[i].Key, maxKey)))
	}
	return strings.Join(names, " -> ")
}
