package tool

import (
	"context"
	"encoding/binary"
)

// tableSpool keeps what rows visited, so that a second reading does not parse
// again: workbooks are slow to read. tableMaxBytes bounds it.
type tableSpool struct {
	rows  tableRows
	bytes []byte // of each row the number of its cells, of each cell its length and text
	whole bool   // the rows were visited to their end
}

func (s *tableSpool) each(ctx context.Context, visit func(cells []string) error) error {
	if s.whole {
		return s.replay(ctx, visit)
	}
	s.bytes = s.bytes[:0]
	err := s.rows.each(ctx, func(cells []string) error {
		s.bytes = binary.AppendUvarint(s.bytes, uint64(len(cells)))
		for _, cell := range cells {
			s.bytes = binary.AppendUvarint(s.bytes, uint64(len(cell)))
			s.bytes = append(s.bytes, cell...)
		}
		return visit(cells)
	})
	s.whole = err == nil
	return err
}

func (s *tableSpool) replay(ctx context.Context, visit func(cells []string) error) error {
	rest := s.bytes
	number := func() int {
		v, n := binary.Uvarint(rest)
		rest = rest[n:]
		return int(v) //nolint:gosec // a length that each wrote
	}
	var cells []string
	for row := 1; len(rest) > 0; row++ {
		if row%tableCheckEvery == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		cells = cells[:0]
		for range number() {
			n := number()
			cells = append(cells, string(rest[:n]))
			rest = rest[n:]
		}
		if err := visit(cells); err != nil {
			return err
		}
	}
	return nil
}
