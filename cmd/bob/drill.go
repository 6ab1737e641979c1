package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"

	"github.com/spf13/cobra"

	"github.com/askbob/bob/cmd/bob/drill"
)

// drillChild is the hidden command that a drill starts and kills.
const drillChild = "drill-child"

// maxDrillRuns is some days of drilling.
const maxDrillRuns = 100_000

// drillSeeds bounds a seed that is drawn: short enough to be typed again.
const drillSeeds = 1_000_000

func (p *process) drillCommand() *cobra.Command {
	o := drill.Options{}
	asJSON := false
	cmd := &cobra.Command{
		Use: "drill", Short: "Kill, starve and mislead the engine on temporary databases, and count what breaks", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Runs < 1 || o.Runs > maxDrillRuns {
				return fmt.Errorf("--runs is 1 to %d, not %d", maxDrillRuns, o.Runs)
			}
			if !cmd.Flags().Changed("seed") {
				o.Seed = rand.Uint64N(drillSeeds) //nolint:gosec // to be repeated, not to be secret
			}
			self, err := os.Executable()
			if err != nil {
				return err
			}
			o.Argv = []string{self, drillChild}
			return p.drill(cmd, o, asJSON)
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.Runs, "runs", 20, "how many times")
	f.Uint64Var(&o.Seed, "seed", 0, "repeat the runs of this seed (default: a random one, which is printed)")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	f.BoolVar(&o.Keep, "keep", false, "keep the databases, and say where they are")
	return cmd
}

func (p *process) drill(cmd *cobra.Command, o drill.Options, asJSON bool) error {
	res, err := drill.Run(cmd.Context(), o)
	if err != nil {
		return &exitError{code: exitFailed, err: fmt.Errorf("the drill could not go on: %w", err)}
	}
	if asJSON {
		err = printJSON(p.stdout, res)
	} else {
		err = res.Print(p.stdout)
	}
	if err == nil && !res.OK() {
		p.code = exitBroken
	}
	return err
}

func (p *process) drillChildCommand() *cobra.Command {
	return &cobra.Command{
		Use: drillChild, Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if p.stdin == nil {
				return errors.New("drill-child is started by bob drill")
			}
			return drill.Child(cmd.Context(), p.stdin, p.stdout)
		},
	}
}
