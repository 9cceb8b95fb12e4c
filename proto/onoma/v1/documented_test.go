package onomav1_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	onomav1 "onoma/proto/onoma/v1"
)

// The documented descriptors say what the generated code says, and every element
// of them is explained.
func TestDocumented(t *testing.T) {
	resolver, err := onomav1.Documented()
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	protoregistry.GlobalFiles.RangeFilesByPackage("onoma.v1", func(generated protoreflect.FileDescriptor) bool {
		files++
		file, err := resolver.FindFileByPath(generated.Path())
		if err != nil {
			t.Fatal(err)
		}
		got, want := protodesc.ToFileDescriptorProto(file), protodesc.ToFileDescriptorProto(generated)
		got.SourceCodeInfo = nil // where the comments are
		if !proto.Equal(got, want) {
			t.Errorf("%s: contract.binpb and the generated code differ; run make generate", generated.Path())
		}
		for _, d := range elements(file) {
			if strings.TrimSpace(file.SourceLocations().ByDescriptor(d).LeadingComments) == "" {
				t.Errorf("%s has no comment", d.FullName())
			}
		}
		return true
	})
	if files == 0 {
		t.Error("no file of package onoma.v1 is linked in")
	}
}

// What the package does not describe itself comes from the linked-in files.
func TestDocumentedFallsBack(t *testing.T) {
	resolver, err := onomav1.Documented()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := resolver.FindDescriptorByName("google.protobuf.Timestamp"); err != nil {
		t.Error(err)
	}
	if _, err := resolver.FindFileByPath("google/rpc/status.proto"); err != nil {
		t.Error(err)
	}
	if _, err := resolver.FindDescriptorByName("onoma.v1.NoSuchMessage"); err == nil {
		t.Error("found a message that does not exist")
	}
}

// elements lists everything in the file that a reader of the contract meets.
func elements(file protoreflect.FileDescriptor) []protoreflect.Descriptor {
	var all []protoreflect.Descriptor
	for i := range file.Services().Len() {
		service := file.Services().Get(i)
		all = append(all, service)
		for j := range service.Methods().Len() {
			all = append(all, service.Methods().Get(j))
		}
	}
	for i := range file.Enums().Len() {
		enum := file.Enums().Get(i)
		all = append(all, enum)
		for j := range enum.Values().Len() {
			all = append(all, enum.Values().Get(j))
		}
	}
	for i := range file.Messages().Len() {
		message := file.Messages().Get(i)
		all = append(all, message)
		for j := range message.Fields().Len() {
			all = append(all, message.Fields().Get(j))
		}
	}
	return all
}
