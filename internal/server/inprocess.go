package server

import (
	"context"

	"onoma/resolver"

	onomav1 "onoma/proto/onoma/v1"
)

// InProcess answers like a server, without a network between: the same checks,
// the same answers, the same errors.
type InProcess struct {
	resolver *resolverService
}

// NewInProcess returns the service over the resolver.
func NewInProcess(r *resolver.Resolver) *InProcess {
	return &InProcess{newResolverService(r, nil)}
}

// BatchResolve answers as the method of the contract does.
func (p *InProcess) BatchResolve(ctx context.Context, request *onomav1.BatchResolveRequest) (*onomav1.BatchResolveResponse, error) {
	response, err := p.resolver.BatchResolve(ctx, request)
	return response, statusError(err)
}

// Annotate answers as the method of the contract does.
func (p *InProcess) Annotate(ctx context.Context, request *onomav1.AnnotateRequest) (*onomav1.AnnotateResponse, error) {
	response, err := p.resolver.Annotate(ctx, request)
	return response, statusError(err)
}

// Explain answers as the method of the contract does.
func (p *InProcess) Explain(ctx context.Context, request *onomav1.ExplainRequest) (*onomav1.ExplainResponse, error) {
	response, err := p.resolver.Explain(ctx, request)
	return response, statusError(err)
}

func statusError(err error) error {
	if err == nil {
		return nil
	}
	return asStatus(err).Err()
}
