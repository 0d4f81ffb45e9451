//go:build browser

package browsertest

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"testing"

	"github.com/stretchr/testify/require"
)

// parcel returns a picture of a parcel.
func parcel(t *testing.T) []byte {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, 240, 160))
	for _, part := range []struct {
		area   image.Rectangle
		colour color.RGBA
	}{
		{picture.Bounds(), color.RGBA{0xe8, 0xee, 0xf2, 0xff}},               // wall
		{image.Rect(0, 125, 240, 160), color.RGBA{0xc9, 0xd3, 0xda, 0xff}},   // floor
		{image.Rect(55, 45, 185, 140), color.RGBA{0xc4, 0x94, 0x5c, 0xff}},   // box
		{image.Rect(55, 45, 185, 62), color.RGBA{0xd8, 0xab, 0x74, 0xff}},    // lid
		{image.Rect(110, 45, 130, 140), color.RGBA{0xe9, 0xd2, 0xac, 0xff}},  // tape
		{image.Rect(140, 105, 176, 130), color.RGBA{0xff, 0xff, 0xff, 0xff}}, // label
	} {
		draw.Draw(picture, part.area, image.NewUniform(part.colour), image.Point{}, draw.Src)
	}
	var encoded bytes.Buffer
	require.NoError(t, png.Encode(&encoded, picture))
	return encoded.Bytes()
}
