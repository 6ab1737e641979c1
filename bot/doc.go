// Package bot is Bob's conversation, on no platform in particular: what people say
// and click, and what Bob says back, as messages, cards and pages that every front
// end can render.
//
// It knows jobs and how to speak of them. It does not know the database, any model,
// or any platform's format: all its texts but Markdown are plain, and whoever renders
// them escapes them.
package bot
