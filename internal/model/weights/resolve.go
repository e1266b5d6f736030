package weights

import (
	"fmt"
	"path/filepath"
)

// Resolve returns where a file of a model's folder really is. A link may lead
// to another place in the folder, or to where the Hugging Face cache keeps the
// files of its snapshots: blobs, two folders above. One that leads elsewhere is
// refused, since a folder that was downloaded could so name any file.
func Resolve(dir, name string) (string, error) {
	path := filepath.Join(dir, name)
	folder, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", err
	}
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	if isWithin(folder, target) {
		return target, nil
	}
	snapshots := filepath.Dir(folder)
	blobs := filepath.Join(filepath.Dir(snapshots), "blobs")
	if filepath.Base(snapshots) == "snapshots" && isWithin(blobs, target) {
		return target, nil
	}
	return "", fmt.Errorf("%s: a link out of its folder, to %s", path, quote(target))
}

// isWithin reports whether a path lies in a folder; both are free of links.
func isWithin(folder, path string) bool {
	relative, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(relative)
}
