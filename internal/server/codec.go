package server

import (
	"fmt"
	"unicode/utf8"

	"google.golang.org/grpc/encoding"
	grpcproto "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// codec is gRPC's own for protobuf, but for two things. What goes by way of
// wire.go it reads and writes without making messages. And a request that does not decode reaches the
// interceptors, which refuse it as INVALID_ARGUMENT and name the field: gRPC
// itself would answer INTERNAL, as if the fault were ours.
//
// The word is left in the message's unknown fields behind a tag of field number
// 0, which no decoder lets a client send.
type codec struct {
	encoding.CodecV2
	buffers *answerBuffers
}

const undecodable = "\x00"

func newCodec(buffers *answerBuffers) codec {
	return codec{encoding.GetCodecV2(grpcproto.Name), buffers}
}

// Marshal writes a message, or takes the bytes of an answer that is written.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	switch answer := v.(type) {
	case *wireAnswer:
		return mem.BufferSlice{mem.NewBuffer(answer.buffer, c.buffers)}, nil
	case written:
		return mem.BufferSlice{mem.SliceBuffer(answer)}, nil
	}
	return c.CodecV2.Marshal(v)
}

// Unmarshal reads a message, or what stands in for it when it cannot be read.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	var err error
	if request, ok := v.(*wireRequest); ok {
		v = request.clear()
		buffer := data.MaterializeToBuffer(mem.DefaultBufferPool())
		err = proto.UnmarshalOptions{Merge: true}.Unmarshal(buffer.ReadOnlyData(), &request.message)
		buffer.Free()
	} else {
		err = c.CodecV2.Unmarshal(data, v)
	}
	m, ok := v.(proto.Message)
	if err == nil || !ok {
		return err
	}
	reason := "request\x00does not decode as " + string(m.ProtoReflect().Descriptor().FullName())
	if field, at := invalidText(data.Materialize(), m.ProtoReflect().Descriptor()); field != "" {
		reason = fmt.Sprintf("%s\x00byte %d is not valid UTF-8", field, at)
	}
	proto.Reset(m)
	m.ProtoReflect().SetUnknown(protoreflect.RawFields(undecodable + reason))
	return nil
}

// decoded returns the error of a request that [codec] could not decode.
func decoded(m any) error {
	message, ok := m.(proto.Message)
	if !ok {
		return nil
	}
	unknown := message.ProtoReflect().GetUnknown()
	if len(unknown) == 0 || unknown[0] != undecodable[0] {
		return nil
	}
	for i, b := range unknown[1:] {
		if b == 0 {
			return &invalidError{[]violation{{string(unknown[1 : 1+i]), string(unknown[2+i:])}}}
		}
	}
	return nil
}

// invalidText finds the first string field that is not UTF-8: its path and the
// offset of the bad byte in its value.
func invalidText(data []byte, d protoreflect.MessageDescriptor) (path string, at int) {
	seen := make(map[protoreflect.FieldNumber]int)
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return "", 0
		}
		data = data[n:]
		size := protowire.ConsumeFieldValue(number, kind, data)
		if size < 0 {
			return "", 0
		}
		value := data[:size]
		data = data[size:]
		field := d.Fields().ByNumber(number)
		if field == nil || kind != protowire.BytesType {
			continue
		}
		value, _ = protowire.ConsumeBytes(value)
		name := string(field.Name())
		if field.IsList() {
			name = fmt.Sprintf("%s[%d]", name, seen[number])
			seen[number]++
		}
		switch field.Kind() {
		case protoreflect.StringKind:
			if !utf8.Valid(value) {
				return name, validPrefix(value)
			}
		case protoreflect.MessageKind:
			if inner, at := invalidText(value, field.Message()); inner != "" {
				return name + "." + inner, at
			}
		}
	}
	return "", 0
}

// validPrefix returns the length of the longest prefix that is UTF-8.
func validPrefix(b []byte) int {
	at := 0
	for at < len(b) {
		r, size := utf8.DecodeRune(b[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at
}
