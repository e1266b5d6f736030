package params

// WithFile is the shape with what its weight file holds: so many numbers in so
// many bytes, all tensors together. What is more than the parameters is shown as others; a
// file with fewer lacks some, and none of its groups can be told.
func (s Shape) WithFile(numbers, bytes int64) (Shape, error) {
	count, err := s.Count(Parameters)
	if err != nil {
		return s, err
	}
	s.StoredKnown, s.Stored, s.FileBytes, s.missing = true, nil, bytes, max(0, count.Total-numbers)
	if more := numbers - count.Total; more > 0 {
		s.Stored = []Array{{Group: Other, What: "other tensors of the file", Shape: []int{int(more)}}}
	}
	return s, nil
}

// Missing is how many of the parameters are not in the weight file.
func (s Shape) Missing() int64 { return s.missing }

// inFile lists what the weight file holds.
func (s Shape) inFile() ([]piece, error) {
	list := s.trained()
	if s.missing > 0 {
		var n checked
		total := -s.missing
		for _, p := range list {
			total += p.count(&n)
		}
		list = nil
		if total > 0 {
			list = []piece{{group: Other, what: "all tensors of the file", shape: []int{int(total)}}}
		}
		return list, n.err()
	}
	for _, a := range s.Stored {
		list = append(list, a.piece())
	}
	return list, nil
}
