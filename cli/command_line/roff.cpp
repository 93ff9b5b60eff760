#include "cli/command_line/roff.hpp"

#include <algorithm>

#include <cctype>
#include <cdctl/text.hpp>

namespace cdctl::cli {

namespace {

constexpr std::size_t k_width = 76;  // of a source line; longer ones are bad style (mandoc -T lint)

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return out;
}

/// A line that begins like a request is none.
std::string guarded(const std::string& text) {
  return text.starts_with('.') || text.starts_with('\'') ? "\\&" + text : text;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : Roff::plain(text)) out += c == '"' ? std::string("\\(dq") : std::string(1, c);
  return out + '"';
}

}  // namespace

std::string Roff::plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";  // a plain one becomes a hyphen, which nobody can paste into a shell
    else if (c == '\'')
      out += "\\(aq";
    else if (c == '`')
      out += "\\(ga";
    else if (c == '^')
      out += "\\(ha";
    else if (c == '~')
      out += "\\(ti";
    else
      out += c;
  }
  return out;
}

Roff::Roff(std::string_view name, std::string_view date, std::string_view source) {
  out_ = ".TH " + quoted(upper(name)) + " 1 \"" + std::string(date) + "\" " + quoted(source) + " " +
         quoted("cdctl manual") + "\n.nh\n.ad l\n";
}

void Roff::section(std::string_view title) { heading(".SH ", title); }
void Roff::subsection(std::string_view title) { heading(".SS ", title); }
void Roff::heading(std::string_view request, std::string_view title) {
  out_ +=
      std::string(request) + quoted(request == ".SH " ? upper(title) : std::string(title)) + "\n";
  below_heading_ = true;
}

// Requests are lines, too: only text may not begin like one.
void Roff::line(std::string_view roff) {
  out_ += std::string(roff) + "\n";
  below_heading_ = false;
}

void Roff::paragraph(std::string_view text) {
  if (!below_heading_) out_ += ".PP\n";
  flow(text);
}

void Roff::item(std::string_view term, std::string_view text) {
  out_ += ".TP\n";
  line(term);
  flow(text);
}

void Roff::example(std::string_view text) {
  if (!below_heading_) out_ += ".PP\n";
  out_ += ".RS 4\n.EX\n";
  for (const auto row : lines(text)) line(guarded(plain(row)));
  out_ += ".EE\n.RE\n";
}

void Roff::flow(std::string_view text) {
  std::string row;
  const auto put = [&] {
    if (!row.empty()) line(guarded(std::move(row)));
    row.clear();
  };
  for (const auto source : lines(text))
    for (const auto piece : words(source)) {
      const auto word = plain(piece);
      if (!row.empty() && row.size() + 1 + word.size() > k_width) put();
      row += (row.empty() ? "" : " ") + word;
    }
  put();
}

}  // namespace cdctl::cli
