package main

import (
	"fmt"
	"go/types"
	"slices"
	"strings"
)

// api returns the exported declarations of the packages, sorted. Each starts with the
// path of its package. A struct has a line for each field, because a program keeps
// compiling when a field is added. An interface is one line, because it does not when a
// method is added.
func api(packages []*types.Package) []string {
	var lines []string
	for _, p := range packages {
		for _, name := range p.Scope().Names() {
			object := p.Scope().Lookup(name)
			if !object.Exported() {
				continue
			}
			for _, text := range declarations(object) {
				lines = append(lines, p.Path()+": "+text)
			}
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

// declarations returns the lines of an exported object of a package: of a type, with those
// of its fields and methods.
func declarations(object types.Object) []string {
	name := object.Name()
	switch object := object.(type) {
	case *types.Const:
		return []string{fmt.Sprintf("const %s %s = %s", name, text(object.Type()), object.Val().ExactString())}
	case *types.Var:
		return []string{fmt.Sprintf("var %s %s", name, text(object.Type()))}
	case *types.Func:
		return []string{"func " + name + strings.TrimPrefix(text(object.Type()), "func")}
	}
	typ := types.Unalias(object.Type())
	if object.(*types.TypeName).IsAlias() {
		return []string{fmt.Sprintf("type %s = %s", name, text(typ))}
	}
	named := text(typ)
	switch body := typ.Underlying().(type) {
	case *types.Struct:
		return slices.Concat([]string{"type " + named + " struct"}, fields(named, body), methods(named, typ))
	case *types.Interface:
		return []string{fmt.Sprintf("type %s %s", named, text(body))}
	default:
		return append(methods(named, typ), fmt.Sprintf("type %s %s", named, text(body)))
	}
}

// fields returns the exported fields of a struct, and those that an unexported embedded
// struct adds. An exported embedded struct is one field, and has lines of its own.
func fields(named string, body *types.Struct) []string {
	var lines []string
	for field := range body.Fields() {
		embedded, isStruct := field.Type().Underlying().(*types.Struct)
		switch {
		case field.Exported():
			lines = append(lines, fmt.Sprintf("type %s struct, %s %s", named, field.Name(), text(field.Type())))
		case field.Embedded() && isStruct:
			lines = append(lines, fields(named, embedded)...)
		}
	}
	return lines
}

// methods returns the exported methods of typ, those of embedded types included. A
// method that only a pointer has is marked with a star.
func methods(named string, typ types.Type) []string {
	var lines []string
	values := types.NewMethodSet(typ)
	for method := range types.NewMethodSet(types.NewPointer(typ)).Methods() {
		f := method.Obj()
		if !f.Exported() {
			continue
		}
		star := "*"
		if values.Lookup(f.Pkg(), f.Name()) != nil {
			star = ""
		}
		lines = append(lines, fmt.Sprintf("func (%s%s) %s%s", star, named, f.Name(), strings.TrimPrefix(text(f.Type()), "func")))
	}
	return lines
}

// text returns typ without the names of parameters, which programs do not depend on.
func text(typ types.Type) string {
	return types.TypeString(nameless(typ), (*types.Package).Name)
}

// nameless returns typ without the names of its parameters and results, unless typ is
// generic, and an interface with one method in place of its unexported ones.
func nameless(typ types.Type) types.Type {
	switch typ := typ.(type) {
	case *types.Signature:
		if typ.TypeParams().Len() > 0 {
			return typ // a type parameter belongs to one signature
		}
		return types.NewSignatureType(nil, nil, nil, tuple(typ.Params()), tuple(typ.Results()), typ.Variadic())
	case *types.Interface:
		var methods []*types.Func
		for method := range typ.Methods() {
			name, signature := method.Name(), nameless(method.Type())
			if !method.Exported() {
				name, signature = "unexported", types.NewSignatureType(nil, nil, nil, nil, nil, false)
			}
			methods = append(methods, types.NewFunc(0, nil, name, signature.(*types.Signature)))
		}
		methods = slices.CompactFunc(methods, func(a, b *types.Func) bool { return a.Name() == b.Name() })
		return types.NewInterfaceType(methods, slices.Collect(typ.EmbeddedTypes())).Complete()
	case *types.Slice:
		return types.NewSlice(nameless(typ.Elem()))
	case *types.Pointer:
		return types.NewPointer(nameless(typ.Elem()))
	case *types.Map:
		return types.NewMap(typ.Key(), nameless(typ.Elem()))
	}
	return typ
}

// tuple returns the types of a tuple without names.
func tuple(t *types.Tuple) *types.Tuple {
	var all []*types.Var
	for v := range t.Variables() {
		all = append(all, types.NewParam(0, nil, "", nameless(v.Type())))
	}
	return types.NewTuple(all...)
}
