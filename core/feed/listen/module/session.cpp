#include "core/feed/listen/module/session.hpp"

#include <algorithm>
#include <utility>

namespace cdctl::feed::listen {

namespace {

constexpr Millis k_linger{2000};
constexpr std::size_t k_most_lingered = 8u << 20;

/// Bodies up to this need no room of those for all bodies: they are as small as a header.
constexpr std::size_t k_small = 16u << 10;
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
  constexpr std::string_view scheme = "Bearer ";
  return request.count(http::field::authorization) == 1 && given.size() > scheme.size() &&
         same_word(given.substr(0, scheme.size()), scheme) &&
         hub_.token->is(given.substr(scheme.size()));
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
    return write(401, "give the listener's token: Authorization: Bearer TOKEN", true);
  if (!hub_.token && !says_loopback())
    return write(403, "ask for it by 127.0.0.1, or listen with a token", true);
  known_ = true;
  const bool pages = hub_.serves == Serves::pages;
  if (request.method() != (pages ? http::verb::get : http::verb::post))
    return write(405, pages ? "only GET is taken" : "only POST is taken", true);
  if (const auto why = ambiguity(); !why.empty()) return write(400, std::string(why), true);
  const auto length = parser_->content_length();
  if (length && *length > hub_.limits.body)
    return write(413, "the body is longer than 1 MiB", true);
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
  if (error == http::error::body_limit) return write(413, "the body is longer than 1 MiB", true);
  if (error == http::error::header_limit)
    return write(431, "the headers are longer than 16 KiB", true);
  if (error == http::error::end_of_stream || error == beast::error::timeout)
    return;  // has gone, or dawdles: the connection closes with us
  const bool syntax = error.category() == http::make_error_code(http::error::bad_method).category();
  if (syntax && error != http::error::partial_message)
    write(400, "not an HTTP request: " + error.message(), true);
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

void Session::answer(const ListenAnswer& answer) {
  if (std::exchange(waiting_, false)) write(answer.status, answer.line, false, answer.type);
}

void Session::write(int status, const std::string& line, bool last, const std::string& type) {
  const bool keep = !last && parser_->get().keep_alive();
  response_.emplace(static_cast<http::status>(status), 11);
  response_->keep_alive(keep);
  response_->set(http::field::server, "cdctl");
  if (status == 401) response_->set(http::field::www_authenticate, "Bearer");
  if (status == 405)
    response_->set(http::field::allow, hub_.serves == Serves::pages ? "GET" : "POST");
  if (status == 503) response_->set(http::field::retry_after, "5");
  if (status != 204) {
    response_->set(http::field::content_type, type.empty() ? "text/plain; charset=utf-8" : type);
    response_->body() = type.empty() ? line + "\n" : line;
    response_->prepare_payload();
  }
  await_client(hub_.limits.step);
  http::async_write(stream_, *response_,
                    [self = shared_from_this(), keep](const beast::error_code& error, std::size_t) {
                      if (!error) self->wrote(keep);
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
