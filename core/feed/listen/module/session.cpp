#include "core/feed/listen/module/session.hpp"

#include <algorithm>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "core/feed/listen/module/credentials.hpp"

namespace cdctl::feed::listen {

namespace {

constexpr Millis k_linger{2000};
constexpr std::size_t k_most_lingered = 8u << 20;

/// Bodies up to this need no room of those for all bodies: they are as small as a header.
constexpr std::size_t k_small = 16u << 10;
/// What one write of a stream takes: a slow client has the deadline for each.
constexpr std::size_t k_piece = 64u << 10;
constexpr int k_kept = 128 << 10;
constexpr unsigned k_unheard_ms = 30'000;
/// Beside a header, what one read brings of a body or of a request to come.
constexpr std::size_t k_read_ahead = 128u << 10;

bool same_word(std::string_view a, std::string_view b) {
  return beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

}  // namespace

Session::Session(boost::asio::ip::tcp::socket socket, boost::asio::ip::address from, Hub& hub)
    : stream_(std::move(socket)),
      from_(std::move(from)),
      hub_(hub),
      buffer_(hub.limits.header + k_read_ahead) {}

void Session::begin() {
  if (hub_.serves == Serves::pages) {
    // What the kernel holds for a client that takes nothing would be megabytes, and it would wait a
    // quarter of an hour for one that has left without a word
    const auto socket = stream_.socket().native_handle();
    (void)::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &k_kept, sizeof k_kept);
    (void)::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &k_unheard_ms, sizeof k_unheard_ms);
  }
  read_header();
}

Session::~Session() {
  give_back();
  hub_.ended(this);
}

void Session::drop() {
  beast::error_code ignored;
  stream_.socket().close(ignored);
}

void Session::give_back() {
  if (room_ > 0) hub_.give_back(std::exchange(room_, 0));
}

void Session::await_client(Millis within) {
  since_ = Clock::now();
  stream_.expires_after(within);
  if (std::exchange(ours_, false)) hub_.awaited();
}

bool Session::says_token() const {
  const auto& request = parser_->get();
  const auto field = request[http::field::authorization];
  const std::string_view given(field.data(), field.size());
  if (request.count(http::field::authorization) != 1) return false;
  const auto after = [&](std::string_view scheme) {
    return given.size() > scheme.size() && same_word(given.substr(0, scheme.size()), scheme)
               ? given.substr(scheme.size())
               : std::string_view();
  };
  if (const auto token = after("Bearer "); !token.empty()) return hub_.token->is(token);
  const auto basic = hub_.serves == Serves::pages ? after("Basic ") : std::string_view();
  return !basic.empty() && hub_.token->is(password_of(basic));
}

bool Session::says_loopback() const {
  const auto field = parser_->get()[http::field::host];
  std::string_view host(field.data(), field.size());
  if (const auto colon = host.rfind(':'); colon != std::string_view::npos && !host.ends_with(']'))
    host = host.substr(0, colon);
  return host == "127.0.0.1" || host == "[::1]" || same_word(host, "localhost");
}

void Session::read_header() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(hub_.limits.header));
  parser_->body_limit(hub_.limits.body);
  await_client(hub_.limits.head);
  http::async_read_header(stream_, buffer_, *parser_,
                          [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                            if (error)
                              self->fail_read(error);
                            else
                              self->take_header();
                          });
}

std::string_view Session::ambiguity() const {
  const auto& request = parser_->get();
  const auto length = request[http::field::content_length];
  if (!std::ranges::all_of(length, [](char c) { return c >= '0' && c <= '9'; }))
    return "Content-Length is not one number";
  const bool encoded = request.count(http::field::transfer_encoding) > 0;
  for (const auto field : {http::field::content_length, http::field::transfer_encoding,
                           http::field::host, http::field::content_type})
    if (request.count(field) > 1) return "a header that may be there once is there twice";
  if (encoded && request.count(http::field::content_length) > 0)
    return "Transfer-Encoding and Content-Length contradict each other";
  const auto encoding = request[http::field::transfer_encoding];
  if (encoded && (request.version() < 11 || !parser_->chunked() ||
                  !same_word({encoding.data(), encoding.size()}, "chunked")))
    return "only chunked is read as a Transfer-Encoding, and only in HTTP/1.1";
  return {};
}

/// Who may not, or wants something else, is told before a byte of the body is read.
void Session::take_header() {
  const auto& request = parser_->get();
  if (hub_.token && !says_token())
    return write({401, "give the listener's token: Authorization: Bearer TOKEN"}, true);
  if (!hub_.token && !says_loopback())
    return write({403, "ask for it by 127.0.0.1, or listen with a token"}, true);
  known_ = true;
  const bool pages = hub_.serves == Serves::pages;
  if (pages ? request.method() != http::verb::get && request.method() != http::verb::head
            : request.method() != http::verb::post)
    return write({405, pages ? "only GET and HEAD are taken" : "only POST is taken"}, true);
  if (const auto why = ambiguity(); !why.empty()) return write({400, std::string(why)}, true);
  const auto length = parser_->content_length();
  if (length && *length > hub_.limits.body)
    return write({413, "the body is longer than 1 MiB"}, true);
  room_ = parser_->chunked() ? hub_.limits.body : length.value_or(0);
  if (room_ <= k_small) room_ = 0;
  ours_ = true;
  stream_.expires_never();
  hub_.when_there_is_room(room_, shared_from_this());
}

void Session::read_body() {
  await_client(hub_.limits.step);
  const auto expects = parser_->get()[http::field::expect];
  if (parser_->get().version() >= 11 && !continue_ &&
      same_word(std::string_view(expects.data(), expects.size()), "100-continue"))
    return say_continue();
  continue_.reset();
  http::async_read(stream_, buffer_, *parser_,
                   [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                     if (error)
                       self->fail_read(error);
                     else
                       self->hand_over();
                   });
}

void Session::say_continue() {
  continue_.emplace(http::status::continue_, 11);
  http::async_write(stream_, *continue_,
                    [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                      if (!error) self->read_body();
                    });
}

void Session::fail_read(const beast::error_code& error) {
  give_back();
  if (error == http::error::body_limit) return write({413, "the body is longer than 1 MiB"}, true);
  if (error == http::error::header_limit)
    return write({431, "the headers are longer than 16 KiB"}, true);
  if (error == http::error::end_of_stream || error == beast::error::timeout)
    return;  // has gone, or dawdles: the connection closes with us
  const bool syntax = error.category() == http::make_error_code(http::error::bad_method).category();
  if (syntax && error != http::error::partial_message)
    write({400, "not an HTTP request: " + error.message()}, true);
}

void Session::hand_over() {
  const auto& request = parser_->get();
  Arrival out;
  out.target = std::string(request.target());
  out.content_type = std::string(request[http::field::content_type]);
  out.accept = std::string(request[http::field::accept]);
  for (const auto& field : request) {
    std::string name(field.name_string());
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    if (name.starts_with("ce-"))
      out.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  out.body = std::move(parser_->get().body());
  waiting_ = ours_ = true;
  stream_.expires_never();  // the one who decides keeps its own deadline
  hub_.arrived(std::move(out), shared_from_this());
}

void Session::answer(ListenAnswer answer) {
  if (std::exchange(waiting_, false)) write(std::move(answer), false);
}

void Session::write(ListenAnswer answer, bool last) {
  const bool pages = hub_.serves == Serves::pages;
  const bool head = parser_->get().method() == http::verb::head;
  const bool stream = answer.stream && !head;
  const bool keep = !last && !answer.stream && parser_->get().keep_alive();
  if (!answer.content) {
    if (answer.type.empty()) answer.line += '\n';
    answer.content = std::make_shared<const std::string>(std::move(answer.line));
  }
  content_ = std::move(answer.content);
  response_.emplace(static_cast<http::status>(answer.status), 11);
  response_->keep_alive(keep);
  response_->set(http::field::server, "cdctl");
  for (const auto& [name, value] : answer.headers) response_->set(name, value);
  // A browser asks its user for a password, and says it for each part of a page
  if (answer.status == 401 && pages)
    response_->insert(http::field::www_authenticate, R"(Basic realm="cdctl", charset="UTF-8")");
  if (answer.status == 401) response_->insert(http::field::www_authenticate, "Bearer");
  if (answer.status == 405) response_->set(http::field::allow, pages ? "GET, HEAD" : "POST");
  if (answer.status == 503) response_->set(http::field::retry_after, "5");
  if (answer.status != 204) {
    response_->set(http::field::content_type,
                   answer.type.empty() ? "text/plain; charset=utf-8" : answer.type);
    if (!answer.stream) response_->content_length(content_->size());
    if (!head && !stream) response_->body() = {content_->data(), content_->size()};
  }
  await_client(hub_.limits.step);
  if (stream) {  // what is pushed from now on belongs to it
    sending_ = true;
    push(std::exchange(content_, nullptr));
    hub_.streaming(this);
  }
  http::async_write(
      stream_, *response_,
      [self = shared_from_this(), keep, stream](const beast::error_code& error, std::size_t) {
        if (error) return;
        if (stream)
          self->go_on();
        else
          self->wrote(keep);
      });
}

void Session::push(std::shared_ptr<const std::string> piece) {
  if (!stream_.socket().is_open()) return;
  backlog_bytes_ += piece->size();
  backlog_.push_back(std::move(piece));
  if (backlog_.size() > 1 && backlog_bytes_ > hub_.limits.backlog) return drop();
  if (!sending_) send_some();
}

void Session::go_on() {
  stream_.expires_never();
  watch();  // first: from now on a deadline is that of a write alone
  send_some();
}

void Session::send_some() {
  sending_ = !backlog_.empty();
  if (!sending_) return;
  const auto& piece = *backlog_.front();
  stream_.expires_after(hub_.limits.step);
  boost::asio::async_write(
      stream_, boost::asio::buffer(piece.data() + sent_, std::min(piece.size() - sent_, k_piece)),
      [self = shared_from_this()](const beast::error_code& error, std::size_t written) {
        if (error) return self->drop();
        self->sent_ += written;
        if (self->sent_ == self->backlog_.front()->size()) {
          self->backlog_bytes_ -= std::exchange(self->sent_, 0);
          self->backlog_.pop_front();
        }
        self->send_some();
      });
}

void Session::watch() {
  stream_.async_read_some(
      boost::asio::buffer(hub_.nowhere),
      [self = shared_from_this()](const beast::error_code& error, std::size_t got) {
        self->lingered_ += got;
        if (error || self->lingered_ >= k_most_lingered) return self->drop();
        self->watch();
      });
}

void Session::wrote(bool keep) {
  give_back();
  if (keep) return read_header();
  beast::error_code ignored;
  stream_.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
  await_client(std::min(hub_.limits.head, k_linger));
  linger();
}

void Session::linger() {
  stream_.async_read_some(
      boost::asio::buffer(hub_.nowhere),
      [self = shared_from_this()](const beast::error_code& error, std::size_t got) {
        self->lingered_ += got;
        if (!error && self->lingered_ < k_most_lingered) self->linger();
      });
}

}  // namespace cdctl::feed::listen
