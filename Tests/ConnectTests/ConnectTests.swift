// ConnectTests
