// Command image writes the container image without a container engine: an OCI
// layout that skopeo, crane, podman and containerd take as it is, the same as
// deploy/Dockerfile builds. The same program makes the same image, byte for byte.
//
//	image --out bin/image --sbom linux/amd64=onoma.cdx.json linux/amd64=bin/onoma
package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

func main() { os.Exit(run(os.Args[1:], os.Stderr)) }

func run(args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var o options
	flags.StringVar(&o.out, "out", "bin/image", "`directory` of the layout; what is there is replaced")
	flags.StringVar(&o.certs, "certs", "/etc/ssl/certs/ca-certificates.crt", "`file` of the authorities that certificates of Redis and PostgreSQL may be signed by")
	flags.StringVar(&o.revision, "revision", "", "commit that the program is built from")
	o.bills = make(pairs)
	flags.Var(o.bills, "sbom", "`PLATFORM=FILE` of a program's bill of materials, CycloneDX in JSON")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	o.programs = make(pairs)
	for _, arg := range flags.Args() {
		if err := o.programs.Set(arg); err != nil {
			fmt.Fprintln(stderr, "image:", err)
			return 2
		}
	}
	if err := write(o); err != nil {
		fmt.Fprintln(stderr, "image:", err)
		return 1
	}
	return 0
}

type options struct {
	out, certs, revision string
	programs, bills      pairs // files by platform
}

// pairs is a flag that is given once for each platform.
type pairs map[string]string

func (p pairs) String() string { return "" }

func (p pairs) Set(s string) error {
	platform, file, ok := strings.Cut(s, "=")
	if _, err := v1.ParsePlatform(platform); !ok || file == "" || err != nil {
		return fmt.Errorf("%q is not PLATFORM=FILE, such as linux/amd64=bin/onoma", s)
	}
	p[platform] = file
	return nil
}

// nobody owns what the program writes.
const nobody = 65532

func write(o options) error {
	if len(o.programs) == 0 {
		return errors.New("no program is given")
	}
	certs, err := os.ReadFile(o.certs)
	if err != nil {
		return fmt.Errorf("--certs: %w", err)
	}
	if err := os.RemoveAll(o.out); err != nil {
		return err
	}
	to, err := layout.Write(o.out, empty.Index)
	if err != nil {
		return err
	}
	base, err := layer([]tar.Header{
		{Name: "data/", Typeflag: tar.TypeDir, Mode: 0o755, Uid: nobody, Gid: nobody},
		{Name: "etc/ssl/certs/ca-certificates.crt", Mode: 0o644},
	}, nil, certs)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(o.programs)) {
		platform, err := v1.ParsePlatform(name)
		if err != nil {
			return err
		}
		program, err := os.ReadFile(o.programs[name])
		if err != nil {
			return err
		}
		image, err := assemble(o, base, platform, program)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := to.AppendImage(image, layout.WithPlatform(*platform)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if bill := o.bills[name]; bill != "" {
			if err := attach(to, image, bill); err != nil {
				return fmt.Errorf("%s: %s: %w", name, bill, err)
			}
		}
	}
	return check(to, len(o.programs))
}

// layer is a layer with the files, whose contents follow in their order. Times
// are left at the epoch, so that the same files are the same layer.
func layer(headers []tar.Header, contents ...[]byte) (v1.Layer, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := range headers {
		headers[i].Size = int64(len(contents[i]))
		if err := w.WriteHeader(&headers[i]); err != nil {
			return nil, err
		}
		if _, err := w.Write(contents[i]); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(
		func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil },
		tarball.WithMediaType(types.OCILayer),
	)
}

// assemble puts the image of one platform together, as deploy/Dockerfile says.
func assemble(o options, base v1.Layer, platform *v1.Platform, program []byte) (v1.Image, error) {
	top, err := layer([]tar.Header{{Name: "onoma", Mode: 0o755}}, program)
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	if image, err = mutate.AppendLayers(image, base, top); err != nil {
		return nil, err
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Variant = platform.OS, platform.Architecture, platform.Variant
	file.Config = v1.Config{
		User: fmt.Sprintf("%d:%d", nobody, nobody), Entrypoint: []string{"/onoma"}, Cmd: []string{"serve"},
		Env: []string{
			"PATH=/", "ONOMA_LISTEN=0.0.0.0:7411", "ONOMA_OPS_LISTEN=0.0.0.0:7412", "ONOMA_LOG_FORMAT=json",
		},
		ExposedPorts: map[string]struct{}{"7411/tcp": {}, "7412/tcp": {}},
		Volumes:      map[string]struct{}{"/data": {}},
		Labels: map[string]string{
			"org.opencontainers.image.title":       "onoma",
			"org.opencontainers.image.description": "From a name to the entity it stands for",
			"org.opencontainers.image.licenses":    "Apache-2.0",
			"org.opencontainers.image.revision":    o.revision,
		},
	}
	return mutate.ConfigFile(image, file)
}

// attach adds a bill of materials that refers to the image.
func attach(to layout.Path, image v1.Image, bill string) error {
	text, err := os.ReadFile(bill)
	if err != nil {
		return err
	}
	const cycloneDX = "application/vnd.cyclonedx+json"
	about, err := mutate.AppendLayers(mutate.MediaType(empty.Image, types.OCIManifestSchema1), static.NewLayer(text, cycloneDX))
	if err != nil {
		return err
	}
	about = mutate.ConfigMediaType(about, cycloneDX)
	digest, err := image.Digest()
	if err != nil {
		return err
	}
	size, err := image.Size()
	if err != nil {
		return err
	}
	subject := v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: digest, Size: size}
	return to.AppendImage(mutate.Subject(about, subject).(v1.Image))
}

// check reads the layout back: every digest, and an image for each platform.
func check(at layout.Path, images int) error {
	index, err := at.ImageIndex()
	if err != nil {
		return err
	}
	if err := validate.Index(index); err != nil {
		return fmt.Errorf("the layout is not sound: %w", err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	n := 0
	for _, m := range manifest.Manifests {
		if m.Platform != nil {
			n++
		}
	}
	if n != images {
		return fmt.Errorf("the layout holds %d images, want %d", n, images)
	}
	return nil
}
