package slackfake

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// File is one that was uploaded.
type File struct {
	ID, Name string
	Data     []byte
	Size     int // as was announced
	base     string
	shared   bool // it stands in a message
}

// maxShared is how many files Slack shares at once: what it says of more was seen, and
// is not documented.
const maxShared = 14

// AddFile is a file that a person uploads.
func (s *Server) AddFile(name string, data []byte) *File {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &File{ID: fmt.Sprintf("F%d", s.next()), Name: name, Data: data, Size: len(data), base: s.base}
	s.files[f.ID] = f
	return f
}

// json is the file as the API gives it.
func (f *File) json() map[string]any {
	return map[string]any{
		"id": f.ID, "name": f.Name, "size": f.Size, "mode": "hosted", "filetype": "auto",
		"url_private": f.base + "/files/" + f.ID, "url_private_download": f.base + "/files/" + f.ID,
	}
}

func (s *Server) uploadURL(_ Team, a args) (map[string]any, error) {
	size, err := strconv.Atoi(a.text("length"))
	if err != nil || size <= 0 || a.text("filename") == "" {
		return nil, refusal("invalid_arguments")
	}
	f := &File{ID: fmt.Sprintf("F%d", s.next()), Name: a.text("filename"), Size: size, base: s.base}
	s.files[f.ID] = f
	return map[string]any{"upload_url": s.base + "/upload/" + f.ID, "file_id": f.ID}, nil
}

// takeUpload takes the bytes of a file, in a form.
func (s *Server) takeUpload(w http.ResponseWriter, r *http.Request) {
	in, _, err := r.FormFile("file")
	if err != nil {
		http.Error(w, "no file", http.StatusBadRequest)
		return
	}
	defer in.Close() //nolint:errcheck // it was read
	data, err := io.ReadAll(in)
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.files[r.PathValue("id")]
	if err != nil || f == nil || len(data) != f.Size {
		http.Error(w, "not that file", http.StatusBadRequest)
		return
	}
	f.Data = data
	_, _ = w.Write([]byte("OK"))
}

func (s *Server) completeUpload(t Team, a args) (map[string]any, error) {
	var files []struct {
		ID string `json:"id"`
	}
	channel := a.text("channel_id")
	if json.Unmarshal(a.raw("files"), &files) != nil || len(files) == 0 || channel == "" {
		return nil, refusal("invalid_arguments")
	}
	if code := s.channels[channel]; code != "" {
		return nil, refusal(code)
	}
	if len(files) > maxShared {
		return nil, refusal("internal_error")
	}
	m := &Message{Team: t.ID, Channel: channel, Thread: a.text("thread_ts"), User: t.BotUser, Bot: true, Text: a.text("initial_comment")}
	var out []map[string]any
	for _, file := range files {
		f := s.files[file.ID]
		if f == nil || f.Data == nil || f.shared {
			return nil, refusal("file_not_found")
		}
		m.Files = append(m.Files, f)
		out = append(out, map[string]any{"id": f.ID, "title": f.Name})
	}
	for _, f := range m.Files {
		f.shared = true
	}
	s.add(m)
	return map[string]any{"files": out}, nil
}

func (s *Server) fileInfo(_ Team, a args) (map[string]any, error) {
	f := s.files[a.text("file")]
	if f == nil {
		return nil, refusal("file_not_found")
	}
	return map[string]any{"file": f.json()}, nil
}

// download gives a file to who knows a token.
func (s *Server) download(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	_, known := s.teams[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	f := s.files[r.PathValue("id")]
	s.mu.Unlock()
	if !known || f == nil {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	_, _ = w.Write(f.Data)
}
