package hub

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Repo is a name in the Hugging Face hub: OWNER/NAME[@REVISION][:FILE].
type Repo struct {
	ID       string // OWNER/NAME, or NAME alone as the oldest models have it
	Revision string // a branch, a tag or a commit
	File     string // a .gguf file, or its types such as Q4_K_M; empty for the model's own files
}

// MainRevision is the branch that is meant when none is named.
const MainRevision = "main"

// ParseRepo takes a name apart, and refuses what could not be one or would lead
// elsewhere in the file system or on the server.
func ParseRepo(name string) (Repo, error) {
	r := Repo{Revision: MainRevision}
	rest, file, hasFile := strings.Cut(name, ":")
	id, revision, hasRevision := strings.Cut(rest, "@")
	r.ID = id
	if hasRevision {
		r.Revision = revision
	}
	r.File = file
	switch {
	case !IsRepoID(id) || strings.Contains(name, "://"):
		return r, refuse("not the name of a model: %s", name).advise("a name is OWNER/NAME, of letters, digits, - _ and .")
	case !IsRevision(r.Revision):
		return r, refuse("not the name of a revision: %s", name).advise("a revision is a branch, a tag or a commit: OWNER/NAME@main")
	case hasFile && !isPlain(file):
		return r, refuse("not the name of a file: %s", name).advise("after the colon stands a .gguf file, or its types: OWNER/NAME:Q4_K_M")
	}
	return r, nil
}

// String is the shortest name of a Repo.
func (r Repo) String() string {
	s := r.ID
	if r.Revision != MainRevision {
		s += "@" + r.Revision
	}
	if r.File != "" {
		s += ":" + r.File
	}
	return s
}

// IsRepoID reports whether the Hugging Face hub could have a model of that name
// (huggingface_hub, utils/_validators.py, in ASCII).
func IsRepoID(id string) bool {
	const longest = 96
	parts := strings.Split(id, "/")
	if len(parts) > 2 || strings.Contains(id, "--") || strings.Contains(id, "..") || strings.HasSuffix(id, ".git") {
		return false
	}
	for _, part := range parts {
		if len(part) > longest || !repoPart().MatchString(part) {
			return false
		}
	}
	return true
}

func repoPart() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$`)
}

// IsRevision reports whether a name can be a branch, a tag or a commit, and is
// the name of a file below refs too.
func IsRevision(name string) bool {
	const longest = 200
	if len(name) > longest {
		return false
	}
	for _, part := range strings.Split(name, "/") {
		if !isPlain(part) || strings.ContainsAny(part, " ~^@[") {
			return false
		}
	}
	return true
}

// IsCommit reports whether a revision is a commit in full: 40 hexadecimal digits.
func IsCommit(revision string) bool { return isHex(revision, 40) }

// isHex reports whether text is so many lower-case hexadecimal digits.
func isHex(text string, digits int) bool {
	return len(text) == digits && strings.Trim(text, "0123456789abcdef") == ""
}

// isPlain reports whether a text is the name of one file: no separator of any
// system, no drive or stream (:), nothing hidden or relative, no character that
// cannot be seen.
func isPlain(name string) bool {
	const longest = 255 // on the usual file systems
	if name == "" || len(name) > longest || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") {
		return false
	}
	for _, r := range name {
		if r < ' ' || r == 0x7f || r == utf8.RuneError || strings.ContainsRune(`/\:*?"<>|`, r) {
			return false
		}
	}
	return true
}
