// Package onomav1 is the contract: the messages and services of onoma.v1, generated
// from the protos beside it.
package onomav1

import (
	_ "embed"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// contract.binpb is a FileDescriptorSet of this package's protos with their
// comments, which generated Go code leaves out. `make generate` writes it.
//
//go:embed contract.binpb
var contract []byte

// Documented returns the descriptors of this package with their comments and,
// without, those of everything else that the program has linked in. Given to the
// reflection service it lets `grpcurl describe` show the contract as it is
// written. It decodes about 80 kB; call it once.
func Documented() (protodesc.Resolver, error) {
	set := new(descriptorpb.FileDescriptorSet)
	if err := proto.Unmarshal(contract, set); err != nil {
		return nil, fmt.Errorf("decode contract.binpb: %w", err)
	}
	d := &documented{own: new(protoregistry.Files)}
	for _, file := range set.File {
		described, err := protodesc.NewFile(file, d)
		if err != nil {
			return nil, fmt.Errorf("describe %s: %w", file.GetName(), err)
		}
		if err := d.own.RegisterFile(described); err != nil {
			return nil, fmt.Errorf("register %s: %w", file.GetName(), err)
		}
	}
	return d, nil
}

// documented looks into the files with comments first.
type documented struct {
	own *protoregistry.Files
}

func (d *documented) FindFileByPath(path string) (protoreflect.FileDescriptor, error) {
	if file, err := d.own.FindFileByPath(path); err == nil {
		return file, nil
	}
	return protoregistry.GlobalFiles.FindFileByPath(path)
}

func (d *documented) FindDescriptorByName(name protoreflect.FullName) (protoreflect.Descriptor, error) {
	if descriptor, err := d.own.FindDescriptorByName(name); err == nil {
		return descriptor, nil
	}
	return protoregistry.GlobalFiles.FindDescriptorByName(name)
}
