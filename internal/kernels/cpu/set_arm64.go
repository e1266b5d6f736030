package cpu

// sets lists what this machine can run.
func sets() []*set { return []*set{portable()} }
