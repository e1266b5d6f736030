package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// hubFolder is where Hugging Face's tools keep what they download
// (huggingface_hub constants.py).
func hubFolder(getenv func(string) string) string {
	if dir := getenv("HF_HUB_CACHE"); dir != "" {
		return dir
	}
	home := getenv("HF_HOME")
	if home == "" {
		cache := getenv("XDG_CACHE_HOME")
		if cache == "" {
			user := getenv("HOME")
			if user == "" {
				user = getenv("USERPROFILE") // Windows
			}
			if user == "" {
				return ""
			}
			cache = filepath.Join(user, ".cache")
		}
		home = filepath.Join(cache, "huggingface")
	}
	return filepath.Join(home, "hub")
}

// maxRef is more than a commit's name takes.
const maxRef = 256

// findCached returns the folder of a model in the Hugging Face cache, such as
// Qwen/Qwen3-0.6B: the snapshot that its main branch was at when it was fetched.
func findCached(getenv func(string) string, name string) (string, bool) {
	hub := hubFolder(getenv)
	if hub == "" || !plainName(name) {
		return "", false
	}
	repo := filepath.Join(hub, "models--"+strings.ReplaceAll(name, "/", "--"))
	info, err := os.Stat(filepath.Join(repo, "refs", "main"))
	if err != nil || info.Size() > maxRef {
		return "", false
	}
	commit, err := os.ReadFile(filepath.Join(repo, "refs", "main"))
	if err != nil {
		return "", false
	}
	snapshot := strings.TrimSpace(string(commit))
	if !plainName(snapshot) || strings.Contains(snapshot, "/") {
		return "", false
	}
	dir := filepath.Join(repo, "snapshots", snapshot)
	info, err = os.Stat(dir)
	return dir, err == nil && info.IsDir()
}

// plainName reports whether a name is an owner's model, or a model's alone, and
// leads nowhere else in the file system.
func plainName(name string) bool {
	parts := strings.Split(name, "/")
	if len(parts) > 2 {
		return false
	}
	for _, part := range parts {
		if part == "" || part == "." || part == ".." || strings.ContainsAny(part, `\:`+"\x00") || strings.Contains(part, "--") {
			return false
		}
	}
	return true
}

// cachedModels lists the models of the Hugging Face cache by name.
func cachedModels(getenv func(string) string) []string {
	entries, err := os.ReadDir(hubFolder(getenv))
	if err != nil {
		return nil // no cache, no models
	}
	var names []string
	for _, entry := range entries {
		repo, isModel := strings.CutPrefix(entry.Name(), "models--")
		name := strings.Replace(repo, "--", "/", 1)
		if !isModel {
			continue
		}
		if _, ok := findCached(getenv, name); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
