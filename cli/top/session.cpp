#include "cli/top/session.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "cli/output/inspect_page.hpp"
#include "core/records/outcome.hpp"
#include "core/records/set.hpp"

namespace cdctl::cli {

namespace {

constexpr Millis k_restart(2000), k_probe_again(30'000);
constexpr Millis k_status_stays(15'000);

std::string left_out(std::size_t count) {
  return fmt::format("? {} of more than 4 MiB {} left out: what is shown is not all",
                     count == 1 ? "a record" : fmt::format("{} records", count),
                     count == 1 ? "was" : "were");
}

}  // namespace

Result<> TopSession::run() {
  start_looker();
  start_prober();
  while (!quit_ && !Stop::requested()) {
    if (dirty_ || now() - drawn_ >= options_.every) draw();
    wait();
    take();
    for (int key = screen_.key(); key != 0 && !quit_; key = screen_.key()) press(key);
  }
  if (job_.running()) job_.leave();  // what it does to a set it shall finish
  return {};
}

void TopSession::start_looker() {
  restart_.reset();
  auto words = options_.look;
  words.insert(words.end(), options_.global.begin(), options_.global.end());
  auto started = TopChild::start(words);
  if (started)
    looker_ = std::move(*started);
  else
    say(started.error().what, TextStyle::bad);
}

/// Where nothing is to be asked beside the looks it ends at once, and well.
void TopSession::start_prober() {
  probe_again_.reset();
  auto words = options_.look;
  words.emplace_back("--probes");
  words.insert(words.end(), options_.global.begin(), options_.global.end());
  if (auto started = TopChild::start(words))
    prober_ = std::move(*started);
  else
    probe_again_ = Deadline(k_probe_again);
}

/// Until a key, something to read, or the next time to draw.
void TopSession::wait() {
  std::array<struct pollfd, 8> fds{};
  std::size_t count = 0;
  const auto add = [&](int fd) {
    if (fd >= 0) fds[count++] = {fd, POLLIN, 0};
  };
  add(STDIN_FILENO);
  add(Stop::fd());
  if (!choice_.paused) {  // while we read nothing the looker waits, too
    add(looker_.out());
    add(looker_.err());
    add(prober_.out());
    add(prober_.err());
  }
  add(job_.out());
  add(job_.err());
  const auto due = dirty_ ? Millis(0) : std::max(options_.every - (now() - drawn_), Millis(0));
  (void)::poll(fds.data(), count, static_cast<int>(due.count()));
  if (fds[0].revents & (POLLHUP | POLLERR)) quit_ = true;
}

void TopSession::take_looks() {
  if (choice_.paused || !looker_.running()) return;
  std::vector<std::string> lines;
  looker_.take(lines);
  for (const auto& line : lines) model_.apply(line, now());
  dirty_ = dirty_ || !lines.empty();
  if (const auto count = looker_.left_out()) say(left_out(count), TextStyle::bad);
  if (!looker_.done()) return;
  const int status = looker_.reap();
  say(fmt::format("? looking ended with exit status {}: {}; trying again", status,
                  printable(looker_.complaint(), 300)),
      TextStyle::bad);
  restart_ = Deadline(k_restart);
}

void TopSession::take_troubles() {
  if (choice_.paused || !prober_.running()) return;
  std::vector<std::string> lines;
  prober_.take(lines);
  for (const auto& line : lines) model_.apply(line, now());
  dirty_ = dirty_ || !lines.empty();
  if (const auto count = prober_.left_out()) say(left_out(count), TextStyle::bad);
  if (!prober_.done()) return;
  if (const int status = prober_.reap(); status != 0) {
    say(fmt::format("? probing ended with exit status {}: {}; trying again", status,
                    printable(prober_.complaint(), 300)),
        TextStyle::bad);
    probe_again_ = Deadline(k_probe_again);
  }
}

void TopSession::take() {
  take_looks();
  take_troubles();
  if (restart_ && restart_->passed()) start_looker();
  if (probe_again_ && probe_again_->passed()) start_prober();
  if (job_.running()) {
    std::vector<std::string> lines;
    job_.take(lines);
    take_job(lines);
  }
  if (forget_status_ && forget_status_->passed()) say("");
}

void TopSession::take_job(const std::vector<std::string>& lines) {
  job_lines_.insert(job_lines_.end(), lines.begin(), lines.end());
  if (!job_.done()) return;
  dirty_ = true;
  const int status = job_.reap();
  if (job_kind_ == "inspect") {
    say("");
    for (const auto& line : job_lines_)
      if (auto record = Json::parse(line); record && records::is<records::Set>(*record))
        return open_page(status == 0 || job_.complaint().empty()
                             ? std::vector<std::string>()
                             : std::vector<std::string>{"? " + printable(job_.complaint(), 400)},
                         std::move(*record));
    if (const auto count = job_.left_out()) return say(left_out(count), TextStyle::bad);
    say(job_.complaint().empty() ? "nothing is known of it" : printable(job_.complaint(), 400),
        TextStyle::bad);
  } else if (job_kind_ == "check") {
    say_guards(status);
  } else {
    say_outcome(job_lines_.empty() ? "" : job_lines_.back(), status);
  }
}

void TopSession::say_outcome(const std::string& line, int status) {
  const auto record = Json::parse(line);
  if (status != 0 || !record)
    return say(job_.complaint().empty()
                   ? fmt::format("{} {}: exit status {}", action_, target_, status)
                   : fmt::format("{}: {}", action_, printable(job_.complaint(), 400)),
               TextStyle::bad);
  const auto outcome = records::decode<records::Outcome>(*record);
  say(fmt::format("{} {}: {} in {} ms", action_, target_,
                  outcome.changed                    ? "done"
                  : outcome.more["absent"].as_bool() ? "it is not there any more,"
                                                     : "it was so already,",
                  outcome.took_ms),
      TextStyle::good);
}

/// The dry run went through the guards.
void TopSession::say_guards(int status) {
  if (status == 0) return say("the guards allow it", TextStyle::good);
  auto why = std::string_view(job_.complaint());
  if (why.starts_with(target_ + ": ")) why.remove_prefix(target_.size() + 2);
  say(printable(why, 300), TextStyle::bad);
}

void TopSession::say(std::string text, TextStyle style) {
  choice_.status = std::move(text);
  choice_.status_style = style;
  forget_status_ = choice_.status.empty() ? std::nullopt : std::optional(Deadline(k_status_stays));
  dirty_ = true;
}

void TopSession::draw() {
  const TopSize size{screen_.rows(), screen_.columns(), options_.ascii};
  const auto rows = model_.rows(choice_.sort, choice_.filter);
  if (!rows.empty() && std::ranges::find(rows, choice_.chosen, &TopRow::set) == rows.end() &&
      mode_ != Mode::confirm)
    choice_.chosen = rows.front()->set;
  choice_.prompt = mode_ == Mode::confirm ? confirm_text()
                   : mode_ == Mode::filter
                       ? "show only names with: " + choice_.filter + "_   (Enter, Escape clears)"
                       : "";
  if (mode_ == Mode::page)
    screen_.draw(draw_page(page_title_, page_lines(), size, page_from_));
  else
    screen_.draw(draw_top(model_, choice_, size, now(), top_));
  drawn_ = now();
  dirty_ = false;
}

/// Behind the record's own title, which is that of the page, the lines that are not of the record.
std::vector<std::string> TopSession::page_lines() const {
  if (!page_record_) return page_;
  auto out = page_;
  const auto text = inspect_page(*page_record_, false, screen_.columns());
  for (const auto line : lines(std::string_view(text).substr(text.find('\n') + 1)))
    out.emplace_back(line);
  return out;
}

void TopSession::open_page(std::vector<std::string> lines, std::optional<Json> record) {
  page_ = std::move(lines);
  page_record_ = std::move(record);
  page_from_ = 0;
  mode_ = Mode::page;
}

// ---------------------------------------------------------------- keys

void TopSession::press(int key) {
  dirty_ = true;
  if (key == k_key_resize) return;
  switch (mode_) {
    case Mode::list:
      return press_list(key);
    case Mode::filter:
      return press_filter(key);
    case Mode::confirm:
      return press_confirm(key);
    case Mode::page:
      return press_page(key);
  }
}

void TopSession::move(std::ptrdiff_t by) {
  const auto rows = model_.rows(choice_.sort, choice_.filter);
  if (rows.empty()) return;
  const auto at = std::ranges::find(rows, choice_.chosen, &TopRow::set);
  const auto index = at == rows.end() ? 0 : at - rows.begin();
  choice_.chosen = rows[static_cast<std::size_t>(
                            std::clamp<std::ptrdiff_t>(index + by, 0, std::ssize(rows) - 1))]
                       ->set;
}

void TopSession::press_list(int key) {
  const auto page = static_cast<std::ptrdiff_t>(std::max<std::size_t>(screen_.rows() / 2, 1));
  constexpr std::ptrdiff_t k_all = 1 << 30;
  switch (key) {
    case 'q':
      quit_ = true;
      break;
    case k_key_up:
    case 'k':
      move(-1);
      break;
    case k_key_down:
    case 'j':
      move(1);
      break;
    case k_key_page_up:
      move(-page);
      break;
    case k_key_page_down:
      move(page);
      break;
    case k_key_home:
    case 'g':
      move(-k_all);
      break;
    case k_key_end:
    case 'G':
      move(k_all);
      break;
    case '/':
      mode_ = Mode::filter;
      break;
    case 's':
      choice_.sort = static_cast<TopSort>((static_cast<int>(choice_.sort) + 1) % 4);
      break;
    case 'p':
      choice_.paused = !choice_.paused;
      break;
    case 'b':
      ask("break");
      break;
    case 'm':
      ask("mend");
      break;
    case '?':
    case 'h':
      page_title_ = "cdctl top: help";
      open_page(top_help(), {});
      break;
    case k_key_enter:
      if (choice_.chosen.empty() || job_.running()) break;
      page_title_ = choice_.chosen;
      say("asking about " + choice_.chosen);
      job_kind_ = "inspect";
      start_job({"inspect", choice_.chosen, "-o", "ndjson"});
      break;
    default:
      break;
  }
}

void TopSession::press_filter(int key) {
  if (key == k_key_enter)
    mode_ = Mode::list;
  else if (key == k_key_escape)
    choice_.filter.clear(), mode_ = Mode::list;
  else if (key == k_key_backspace && !choice_.filter.empty())
    choice_.filter.pop_back();
  else if (key > ' ' && key < 127 && choice_.filter.size() < 60)
    choice_.filter += static_cast<char>(key);
}

void TopSession::press_page(int key) {
  const auto body = std::max<std::size_t>(screen_.rows(), 4) - 2;
  constexpr std::size_t k_all = 1 << 30;  // draw_page knows where the end is
  switch (key) {
    case 'q':
    case k_key_escape:
    case k_key_enter:
      mode_ = Mode::list;
      break;
    case k_key_up:
    case 'k':
      page_from_ -= std::min<std::size_t>(page_from_, 1);
      break;
    case k_key_down:
    case 'j':
      ++page_from_;
      break;
    case k_key_page_up:
      page_from_ -= std::min(page_from_, body);
      break;
    case k_key_page_down:
    case ' ':
      page_from_ += body;
      break;
    case k_key_home:
      page_from_ = 0;
      break;
    case k_key_end:
      page_from_ = k_all;
      break;
    default:
      break;
  }
}

// ---------------------------------------------------------------- actions

void TopSession::start_job(std::vector<std::string> words) {
  words.insert(words.end(), options_.global.begin(), options_.global.end());
  job_lines_.clear();
  auto started = TopChild::start(words);
  if (started)
    job_ = std::move(*started);
  else
    say(started.error().what, TextStyle::bad);
}

/// The question, and meanwhile a dry run: it goes through the same guards.
void TopSession::ask(std::string_view action) {
  if (choice_.chosen.empty()) return;
  if (job_.running())
    return say("one thing after the other: the last one still runs", TextStyle::warn);
  action_ = action;
  target_ = choice_.chosen;
  say("asking the guards");
  mode_ = Mode::confirm;
  job_kind_ = "check";
  start_job({action_, target_, "--dry-run", "-o", "ndjson"});
}

std::string TopSession::confirm_text() const {
  return fmt::format("{} {}?  y yes, other keys no", action_, target_);
}

void TopSession::press_confirm(int key) {
  mode_ = Mode::list;
  if (job_.running()) job_.end();  // the dry run changes nothing
  if (key != 'y' && key != 'Y') return say(fmt::format("{} {}: not done", action_, target_));
  say(fmt::format("{} {} …", action_, target_));
  job_kind_ = "act";
  if (action_ == "break")
    start_job({"break", target_, "--why", "by hand, in cdctl top", "-o", "ndjson"});
  else
    start_job({action_, target_, "-o", "ndjson"});
}

}  // namespace cdctl::cli
