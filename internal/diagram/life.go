package main

// stage is a part of the program that something passes through, and how it can leave it.
type stage struct {
	name, does string
	ways       []way
}

// way is one way out of a stage.
type way struct {
	// class is the color, name is what happened, and next is what follows.
	class, name, next string
	// cases say when or to what it happens, and explanation says more about next. Either
	// may be empty.
	cases, explanation string
	// back is the stage to go back to; -1 for none.
	back int
}

// The sizes of the boxes and of the text in them.
const (
	spine      = margin + 14                  // the line from a stage to its ways
	indent     = 48                           // the left side of a way
	lane       = width - 14                   // the line back to a stage
	stageWidth = width - margin - 40          // the width of a stage
	wayWidth   = margin + stageWidth - indent // the width of a way
	padding    = 12
	leading    = 18
)

// drawLife draws stages from top to bottom, each with its ways below it.
func drawLife(title, description string, stages []stage) ([]byte, error) {
	var p picture
	y := 48
	var middles []int
	for n, s := range stages {
		lines := textFont.wrap(s.does, stageWidth-2*padding)
		height := 34 + len(lines)*leading
		p.box("box", point{margin, y}, stageWidth, height)
		p.text(nameFont, "", point{margin + padding, y + 23}, stageWidth-2*padding, s.name)
		for i, line := range lines {
			p.text(textFont, "quiet", point{margin + padding, y + 42 + i*leading}, stageWidth-2*padding, line)
		}
		middles = append(middles, y+height/2)
		top, end := y+height, y+height
		y += height + 12
		for _, w := range s.ways {
			below := p.way(w, y)
			middle := (y + below) / 2
			p.arrow(point{spine, middle}, point{indent, middle})
			if w.back >= 0 {
				right := margin + stageWidth
				p.arrow(point{right, middle}, point{lane, middle}, point{lane, middles[w.back]}, point{right, middles[w.back]})
			}
			end, y = middle, below+10
		}
		if n == len(stages)-1 {
			p.line(point{spine, top}, point{spine, end})
		} else {
			p.arrow(point{spine, top}, point{spine, y + 12})
		}
		y += 12
	}
	return p.svg(title, description, y-12+margin/2)
}

// way draws a way at height y, and returns where it ends.
func (p *picture) way(w way, y int) int {
	const room = wayWidth - 2*padding
	cases := smallFont.wrap(w.cases, room)
	explanation := textFont.wrap(w.explanation, room)
	height := 34 + (len(cases)+len(explanation))*leading
	p.box(w.class, point{indent, y}, wayWidth, height)
	next := textFont.measure(w.next)
	p.text(nameFont, "", point{indent + padding, y + 23}, room-next-padding, w.name)
	p.textRight(textFont, "", point{indent + wayWidth - padding, y + 23}, room, w.next)
	baseline := y + 42
	for _, line := range cases {
		p.text(smallFont, "quiet", point{indent + padding, baseline}, room, line)
		baseline += leading
	}
	for _, line := range explanation {
		p.text(textFont, "", point{indent + padding, baseline}, room, line)
		baseline += leading
	}
	return y + height
}
