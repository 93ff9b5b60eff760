#include <algorithm>

#include <cdctl/signal.hpp>
#include <cdctl/text.hpp>

#include "core/feed/listen/read.hpp"
#include "tests/fuzz/property.hpp"

using namespace cdctl;
using namespace cdctl::feed;
using cdctl::fuzz::must;

namespace {

/// A request as the session hands it over: the target, the content type, headers, a blank line and
/// the body, each a line.
Arrival arrival_of(std::string_view text) {
  Arrival out;
  out.target = take_until(text, '\n');
  out.content_type = take_until(text, '\n');
  while (!text.empty()) {
    auto line = take_until(text, '\n');
    if (line.empty()) break;
    std::string name(take_until(line, ':'));
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    if (name.starts_with("ce-")) out.headers.emplace_back(std::move(name), trimmed(line));
  }
  out.body = text;
  return out;
}

void check_signal(const Json& signal) {
  must(!signal.find("received"), "only the feed says when it was received");
  const auto text = signal.canonical();
  const auto whole = normal_signal(signal);
  must(whole && whole->canonical() == text, "what is taken is a whole signal");
  const auto again = read_arrival(
      {1, "/signals", "application/cloudevents+json", {}, to_cloud_event(signal).dump()});
  if (again.answer.status == 413) return;  // the envelope makes it too long
  must(again.signals.size() == 1 && again.signals[0].canonical() == text,
       "posted as an event it is the same signal");
}

}  // namespace

/// Whatever is posted is taken as whole signals, or refused with a line for people.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read = read_arrival(arrival_of(cdctl::fuzz::as_text(data, size)));
  const auto status = read.answer.status;
  must(status == 204 || status == 202 || status == 400 || status == 404 || status == 413 ||
           status == 415,
       "the answer is one that the manual names");
  must((status < 400) || read.signals.empty(), "nothing of what is refused is taken");
  must((status == 204) == read.answer.line.empty(), "an answer of another kind says why");
  for (const auto& line : {read.answer.line, read.warning})
    must(std::ranges::none_of(
             line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }),
         "what people read is one line");
  for (const auto& signal : read.signals) check_signal(signal);
  return 0;
}
