package engagetest

import "maps"

// shape names the members that a JSON object can have, each with the check of
// its value. None has to be there: the vendor's samples do not tell which do.
type shape map[string]check

// check notes what is wrong with a member that is there.
type check func(o *object, name string)

// read notes what is wrong with the members of an object. Those that the shape
// does not name are wrong too.
func (s shape) read(o *object) {
	for name, check := range s {
		if o.has(name) {
			check(o, name)
		}
	}
	o.refuseRest()
}

// texts returns a shape of members that are strings.
func texts(names ...string) shape {
	s := make(shape, len(names))
	for _, name := range names {
		s[name] = textual
	}
	return s
}

// with returns a shape that has the members of more besides.
func (s shape) with(more shape) shape {
	s = maps.Clone(s)
	maps.Copy(s, more)
	return s
}

// object checks an object of a shape.
func (s shape) object(o *object, name string) {
	if inner := o.object(name); inner != nil {
		s.read(inner)
	}
}

// list checks a list of objects of a shape.
func (s shape) list(o *object, name string) {
	for _, element := range o.objects(name) {
		s.read(element)
	}
}

func textual(o *object, name string)  { o.text(name) }
func textList(o *object, name string) { o.texts(name) }
func boolean(o *object, name string)  { o.flag(name) }
func integer(o *object, name string)  { o.take(name, "a whole number", new(int)) }
func anything(o *object, name string) { o.any(name) }

// scalar checks a value that is no object and no list; more is not known of it.
func scalar(o *object, name string) {
	if raw := o.any(name); raw != nil && (raw[0] == '{' || raw[0] == '[') {
		o.malformed(name, "is not a string, a number or a boolean")
	}
}

// textOrNull checks a string in whose place the vendor's samples have null.
func textOrNull(o *object, name string) {
	if string(o.members[name]) == "null" {
		delete(o.members, name)
		return
	}
	o.text(name)
}

// choice checks a string that is one of choices.
func choice(choices ...string) check {
	return func(o *object, name string) { o.oneOf(name, choices...) }
}
