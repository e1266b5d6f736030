//go:build !nocuda

package cuda

import "embed"

//go:embed ptx/*.ptx
var compiled embed.FS
