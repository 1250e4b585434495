@main
struct Opine {
  static func main() {}
}
