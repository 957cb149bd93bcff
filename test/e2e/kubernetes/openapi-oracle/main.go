// What Kubernetes' own libraries make of an OpenAPI 2.0 document: built in the source tree of Kubernetes with what is
// vendored there, by oracle.ts.
//
//	openapi-oracle DOCUMENT.json DOCUMENT.pb MANIFESTS.json [CLUSTER.json]
//
// DOCUMENT is ours in both forms, MANIFESTS a list of objects that kubectl is to judge, CLUSTER the document of a
// Kubernetes cluster that ours is merged into. Standard output is a JSON object with what was found; a failure of a
// library is on standard error, with status 1.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"sort"

	"github.com/go-openapi/spec"
	"github.com/golang/protobuf/proto"
	openapi_v2 "github.com/googleapis/gnostic/openapiv2"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/endpoints/handlers/fieldmanager"
	"k8s.io/kube-openapi/pkg/aggregator"
	"k8s.io/kube-openapi/pkg/handler"
	models "k8s.io/kube-openapi/pkg/util/proto"
	"k8s.io/kubectl/pkg/util/openapi"
	"k8s.io/kubectl/pkg/util/openapi/validation"
)

type report struct {
	// Our protobuf says what gnostic makes of our JSON.
	SameInProtobuf bool `json:"sameInProtobuf"`
	// Kinds of our document that kubectl finds in it, as group/version/kind.
	Kinds []string `json:"kinds"`
	// What kubectl finds wrong with each manifest; empty text when nothing.
	Faults []string `json:"faults"`
	// Definitions and paths that the cluster's document has more after ours was merged into it.
	MergedDefinitions []string `json:"mergedDefinitions"`
	MergedPaths       []string `json:"mergedPaths"`
	// Kinds of the merged document that kubectl finds, ours and the cluster's.
	MergedKinds int `json:"mergedKinds"`
}

func main() {
	if len(os.Args) < 4 {
		fail("arguments", fmt.Errorf("three files or four are needed"))
	}
	own := read(os.Args[1])
	found := report{Kinds: []string{}, Faults: []string{}}

	parsed := parse("our document", own)
	sent := &openapi_v2.Document{}
	check("our protobuf", proto.Unmarshal(read(os.Args[2]), sent))
	found.SameInProtobuf = reflect.DeepEqual(plain(parsed), plain(sent))

	// As kubectl does it, with the form that it asks for.
	resources, err := openapi.NewOpenAPIData(sent)
	check("models of our document", err)
	found.Kinds = kindsOf("our document", own, resources)
	found.Faults = judge(resources, read(os.Args[3]))
	checkTypes("our document", sent)

	if len(os.Args) > 4 {
		merged := merge(read(os.Args[4]), own, &found)
		document := parse("the merged document", merged)
		all, err := openapi.NewOpenAPIData(document)
		check("models of the merged document", err)
		found.MergedKinds = len(kindsOf("the merged document", merged, all))
		checkTypes("the merged document", document)
	}
	check("report", json.NewEncoder(os.Stdout).Encode(found))
}

// What server-side apply and tools that compare by it are made from; it refuses a kind that is there twice.
func checkTypes(what string, document *openapi_v2.Document) {
	parsed, err := models.NewOpenAPIData(document)
	check("models of "+what, err)
	_, err = fieldmanager.NewTypeConverter(parsed, false)
	check("types of "+what, err)
}

// By way of gnostic's protobuf, as kube-apiserver converts a document.
func parse(what string, text []byte) *openapi_v2.Document {
	var object map[string]interface{}
	check(what, json.Unmarshal(text, &object))
	bytes, err := handler.ToProtoBinary(object)
	check(what+" in protobuf", err)
	document := &openapi_v2.Document{}
	check(what+" in protobuf", proto.Unmarshal(bytes, document))
	return document
}

// Order does not count in it, and values are values, however their YAML is written.
func plain(document *openapi_v2.Document) interface{} {
	return ordered(reflect.ValueOf(document.ToRawInfo()))
}

func ordered(value reflect.Value) interface{} {
	for value.Kind() == reflect.Interface || value.Kind() == reflect.Ptr {
		value = value.Elem()
	}
	switch {
	case !value.IsValid():
		return nil
	case value.Kind() == reflect.Struct && value.NumField() == 2 && value.Type().Field(0).Name == "Key":
		return [2]interface{}{ordered(value.Field(0)), ordered(value.Field(1))}
	case value.Kind() == reflect.Slice && value.Type().Elem().Kind() == reflect.Struct:
		object := map[string]interface{}{}
		for i := 0; i < value.Len(); i++ {
			object[fmt.Sprint(ordered(value.Index(i).Field(0)))] = ordered(value.Index(i).Field(1))
		}
		return object
	case value.Kind() == reflect.Slice:
		list := []interface{}{}
		for i := 0; i < value.Len(); i++ {
			list = append(list, ordered(value.Index(i)))
		}
		return list
	default:
		return fmt.Sprint(value.Interface())
	}
}

func kindsOf(what string, text []byte, resources openapi.Resources) []string {
	var document struct {
		Definitions map[string]struct {
			Kinds []schema.GroupVersionKind `json:"x-kubernetes-group-version-kind"`
		} `json:"definitions"`
	}
	check(what, json.Unmarshal(text, &document))
	kinds := []string{}
	for name, definition := range document.Definitions {
		for _, kind := range definition.Kinds {
			if resources.LookupResource(kind) == nil {
				fail(what, fmt.Errorf("%s of definition %s is not found", kind, name))
			}
			kinds = append(kinds, fmt.Sprintf("%s/%s/%s", kind.Group, kind.Version, kind.Kind))
		}
	}
	sort.Strings(kinds)
	return kinds
}

func judge(resources openapi.Resources, text []byte) []string {
	var manifests []json.RawMessage
	check("manifests", json.Unmarshal(text, &manifests))
	faults := []string{}
	for _, manifest := range manifests {
		fault := ""
		if err := validation.NewSchemaValidation(resources).ValidateBytes(manifest); err != nil {
			fault = err.Error()
		}
		faults = append(faults, fault)
	}
	return faults
}

// As kube-aggregator merges the document of an API server that it knows by its APIService.
func merge(cluster, own []byte, found *report) []byte {
	var into, from spec.Swagger
	check("the cluster's document", json.Unmarshal(cluster, &into))
	check("our document", json.Unmarshal(own, &from))
	definitions, paths := map[string]bool{}, map[string]bool{}
	for name := range into.Definitions {
		definitions[name] = true
	}
	for path := range into.Paths.Paths {
		paths[path] = true
	}
	kept := aggregator.FilterSpecByPathsWithoutSideEffects(&from, []string{"/apis/torpor.dev/v1alpha1/"})
	check("merging", aggregator.MergeSpecsIgnorePathConflict(&into, kept))
	found.MergedDefinitions, found.MergedPaths = []string{}, []string{}
	for name := range into.Definitions {
		if !definitions[name] {
			found.MergedDefinitions = append(found.MergedDefinitions, name)
		}
	}
	for path := range into.Paths.Paths {
		if !paths[path] {
			found.MergedPaths = append(found.MergedPaths, path)
		}
	}
	sort.Strings(found.MergedDefinitions)
	sort.Strings(found.MergedPaths)
	text, err := json.Marshal(into)
	check("the merged document", err)
	return text
}

func read(file string) []byte {
	text, err := os.ReadFile(file)
	check(file, err)
	return text
}

func check(what string, err error) {
	if err != nil {
		fail(what, err)
	}
}

func fail(what string, err error) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
	os.Exit(1)
}
