package hub

import (
	"path/filepath"
	"strings"
)

// maxPointer bounds the file that says where LM Studio's folder is.
const maxPointer = 4096

// lmStudioFolders are where LM Studio keeps models: in its own folder, which
// ~/.lmstudio-home-pointer can name, or where versions before 0.3.5 had them. In
// each they lie as PUBLISHER/REPO/FILE.gguf (lmstudio.ai/docs/app/advanced/import-model).
func lmStudioFolders(getenv func(string) string) []string {
	user := home(getenv)
	if user == "" {
		return nil
	}
	var folders []string
	if text, err := readSmall(filepath.Join(user, ".lmstudio-home-pointer"), maxPointer); err == nil {
		if dir := strings.TrimSpace(string(text)); filepath.IsAbs(dir) {
			folders = append(folders, filepath.Join(dir, "models"))
		}
	}
	usual := filepath.Join(user, ".lmstudio", "models")
	if len(folders) == 0 || folders[0] != usual {
		folders = append(folders, usual)
	}
	return append(folders, filepath.Join(user, ".cache", "lm-studio", "models"))
}

// findLMStudio finds PUBLISHER/REPO[/FILE] or PUBLISHER/REPO[:FILE]. A file may
// be a link to another place: lms import --symbolic-link makes those.
func (p Places) findLMStudio(name string) (Model, error) {
	repo, file, hasFile := strings.Cut(name, ":")
	parts := strings.Split(repo, "/")
	if len(parts) == 3 && !hasFile {
		file, hasFile = parts[2], true
		parts = parts[:2]
	}
	if len(parts) != 2 || !isPlain(parts[0]) || !isPlain(parts[1]) || hasFile && !isPlain(file) {
		return Model{}, refuse("not a name of LM Studio's: lmstudio:%s", name).
			advise("a name is PUBLISHER/REPO or PUBLISHER/REPO/FILE.gguf, as the folders are called")
	}
	var looked []string
	for _, folder := range p.LMStudio {
		dir := filepath.Join(folder, parts[0], parts[1])
		if isFolder(dir) {
			return pick(lmStudioScheme+":"+name, dir, file)
		}
		looked = append(looked, dir)
	}
	return Model{}, refuse("not in LM Studio's folder: %s: looked in %s", name, strings.Join(looked, ", ")).
		advise("%s", offer("the folder", p.ListLMStudio()))
}

// ListLMStudio lists the models of LM Studio's folder. A repository with
// several files is listed file by file.
func (p Places) ListLMStudio() []Model {
	var models []Model
	for _, folder := range p.LMStudio {
		for _, publisher := range foldersOf(folder) {
			for _, repo := range foldersOf(filepath.Join(folder, publisher)) {
				name := lmStudioScheme + ":" + publisher + "/" + repo
				dir := filepath.Join(folder, publisher, repo)
				if m, err := pick(name, dir, ""); err == nil {
					models = append(models, m)
					continue
				}
				models = append(models, listGGUFs(dir, func(file string) string { return name + "/" + file })...)
			}
		}
	}
	return byName(models)
}

// foldersOf lists the folders in a folder that can be part of a name.
func foldersOf(dir string) []string {
	entries, err := entriesOf(dir)
	if err != nil {
		return nil
	}
	var names []string
	for _, entry := range entries {
		if isPlain(entry.Name()) && isFolder(filepath.Join(dir, entry.Name())) {
			names = append(names, entry.Name())
		}
	}
	return names
}
