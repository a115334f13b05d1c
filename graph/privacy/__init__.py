"""What a person may ask for: everything held on them, and to be forgotten; and what is not kept for long anyway."""
