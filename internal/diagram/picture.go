package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
)

// width is the width of every picture in pixels. On a narrow screen a picture shrinks
// to about three quarters, which leaves its text readable.
const width = 480

// style has the colors for light and dark screens. A picture has a background of its own,
// because the page around it may be dark on a light screen.
const style = `
text { font-family: sans-serif; fill: #1f2328 }
.bold { font-weight: bold }
.quiet { fill: #59636e }
.page { fill: #ffffff; stroke: #d0d7de }
.box { fill: #eef1f4; stroke: #59636e }
.good { fill: #dafbe1; stroke: #1a7f37 }
.again { fill: #ddf4ff; stroke: #0969da }
.care { fill: #fff8c5; stroke: #9a6700 }
.bad { fill: #ffebe9; stroke: #cf222e }
.line { fill: none; stroke: #59636e; stroke-width: 1.5 }
.head { fill: #59636e }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc }
.quiet { fill: #a9b4c0 }
.page { fill: #0d1117; stroke: #3d444d }
.box { fill: #1c2129; stroke: #9198a1 }
.good { fill: #12321d; stroke: #3fb950 }
.again { fill: #0f2a4a; stroke: #4493f8 }
.care { fill: #3a2d0b; stroke: #d29922 }
.bad { fill: #3d1416; stroke: #f85149 }
.line { stroke: #9198a1 }
.head { fill: #9198a1 }
}
`

// picture is an SVG that grows. The zero value is an empty one.
type picture struct {
	body strings.Builder
	// problems are texts without enough room.
	problems []error
}

// font is a size in pixels and a weight.
type font struct {
	size int
	bold bool
}

var (
	titleFont = font{17, true}
	nameFont  = font{16, true}
	textFont  = font{14, false}
	smallFont = font{13, false}
	labelFont = font{12, false}
)

// measure returns the width of text. It assumes wide letters, because the font is
// that of the reader.
func (f font) measure(text string) int {
	percent := 59
	if f.bold {
		percent = 68
	}
	return (len([]rune(text))*f.size*percent + 99) / 100
}

// wrap breaks text into lines that are at most limit wide.
func (f font) wrap(text string, limit int) []string {
	var lines []string
	for _, word := range strings.Fields(text) {
		if n := len(lines); n > 0 && f.measure(lines[n-1]+" "+word) <= limit {
			lines[n-1] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}

// point is a place in a picture.
type point struct{ x, y int }

// box draws a rectangle of a class of the style.
func (p *picture) box(class string, at point, w, h int) {
	fmt.Fprintf(&p.body, `<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="6"/>`+"\n", class, at.x, at.y, w, h)
}

// text writes one line from the left. It must not be wider than limit.
func (p *picture) text(f font, class string, at point, limit int, text string) {
	p.write(f, class, "start", at, limit, text)
}

// textMiddle writes one line around its middle, and textRight one that ends at a place.
func (p *picture) textMiddle(f font, class string, at point, limit int, text string) {
	p.write(f, class, "middle", at, limit, text)
}

func (p *picture) textRight(f font, class string, at point, limit int, text string) {
	p.write(f, class, "end", at, limit, text)
}

func (p *picture) write(f font, class, anchor string, at point, limit int, text string) {
	if f.measure(text) > limit {
		p.problems = append(p.problems, fmt.Errorf("%q needs %d pixels and has %d", text, f.measure(text), limit))
	}
	if f.bold {
		class = strings.TrimSpace("bold " + class)
	}
	fmt.Fprintf(&p.body, `<text class="%s" x="%d" y="%d" font-size="%d" text-anchor="%s">%s</text>`+"\n",
		class, at.x, at.y, f.size, anchor, escape(text))
}

// line draws a line through points. An arrow also has a head at the last of them.
func (p *picture) line(points ...point) {
	var path strings.Builder
	for _, at := range points {
		fmt.Fprintf(&path, "%d,%d ", at.x, at.y)
	}
	fmt.Fprintf(&p.body, `<polyline class="line" points="%s"/>`+"\n", strings.TrimSpace(path.String()))
}

// arrow draws a line whose last part is level or upright.
func (p *picture) arrow(points ...point) {
	p.line(points...)
	tip, from := points[len(points)-1], points[len(points)-2]
	back := point{sign(from.x - tip.x), sign(from.y - tip.y)}
	const length, half = 8, 4
	left := point{tip.x + back.x*length + back.y*half, tip.y + back.y*length + back.x*half}
	right := point{tip.x + back.x*length - back.y*half, tip.y + back.y*length - back.x*half}
	fmt.Fprintf(&p.body, `<polygon class="head" points="%d,%d %d,%d %d,%d"/>`+"\n", tip.x, tip.y, left.x, left.y, right.x, right.y)
}

func sign(n int) int { return max(-1, min(1, n)) }

// svg returns the file. The title is drawn at the top; the description is for readers who
// do not see the picture. It returns an error if a text does not fit.
func (p *picture) svg(title, description string, height int) ([]byte, error) {
	body := p.body.String()
	p.body.Reset()
	fmt.Fprintf(&p.body, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" role="img">`+"\n", width, height)
	fmt.Fprintf(&p.body, "<title>%s</title>\n<desc>%s</desc>\n<style>%s</style>\n", escape(title), escape(description), style)
	fmt.Fprintf(&p.body, `<rect class="page" x="0.5" y="0.5" width="%d" height="%d" rx="8"/>`+"\n", width-1, height-1)
	p.text(titleFont, "", point{margin, 30}, width-2*margin, title)
	return []byte(p.body.String() + body + "</svg>\n"), errors.Join(p.problems...)
}

// margin is the space at the sides of a picture.
const margin = 16

// escape returns text as XML.
func escape(text string) string {
	var escaped strings.Builder
	_ = xml.EscapeText(&escaped, []byte(text)) // A strings.Builder takes everything.
	return escaped.String()
}
