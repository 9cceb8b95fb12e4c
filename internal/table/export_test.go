package table

import (
	"context"
	"time"
)

// SweepAsIfLater sweeps as if nobody had touched any batch for long.
func SweepAsIfLater(ctx context.Context, a Authority) error {
	return a.(*store).sweep(ctx, 0)
}

// TouchedEarlier makes all batches look as if they had last been touched d earlier.
func TouchedEarlier(ctx context.Context, a Authority, d time.Duration) error {
	s := a.(*store)
	_, err := s.exec(ctx, s.write, `UPDATE staging SET touched = touched - ?`, d.Microseconds())
	return err
}
