package server

import "google.golang.org/grpc"

// Services lists what the server serves.
func (s *Server) Services() map[string]grpc.ServiceInfo { return s.grpc.GetServiceInfo() }

// Occupy takes every turn there is until release.
func (s *Server) Occupy() (release func()) {
	slots := s.intercept.admission.slots
	for range cap(slots) {
		slots <- struct{}{}
	}
	return func() {
		for range cap(slots) {
			<-slots
		}
	}
}
